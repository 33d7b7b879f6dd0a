from __future__ import annotations

import pandas as pd
import pytest
from default_config import DEFAULT

from c2c_timing.analysis.coverage import (
    coverage,
    mark_partial,
    read_manifest,
    sentences,
    timing_file,
)
from c2c_timing.errors import UserError
from c2c_timing.planning.shards import PlannedShard, manifest, plan_shards

SUMMARY = pd.DataFrame(
    {"pair": ["tiny"], "method": ["c2c"], "dataset": ["gsm8k"], "subject": ["main"],
     "count": [8], "failed": [1], "flagged": [0], "ttft_ms_mean": [1.5]}
)  # fmt: skip


def run_of(shards, tmp_path, done=()):
    """The manifest of some shards, and the folder where some of them are done."""
    path, timings = tmp_path / "shards.tsv", tmp_path / "timings"
    path.write_text(manifest(shards) + "\n")
    for shard in done:
        done_file = timing_file(timings, shard.pair, shard.dataset, shard.subject)
        done_file.parent.mkdir(parents=True, exist_ok=True)
        done_file.touch()
    return read_manifest(path), timings


def test_every_planned_shard_is_found_where_the_plan_says(tmp_path):
    shards = plan_shards(DEFAULT)
    found, timings = run_of(shards, tmp_path)
    paths = [timing_file(timings, *row) for row in found.itertuples(index=False)]
    assert paths == [tmp_path / shard.timing_file.removeprefix("results/") for shard in shards]


def test_a_missing_shard_is_a_row_of_zeros_and_marks_all_rows(tmp_path):
    shards = [PlannedShard("tiny", "gsm8k", "main"), PlannedShard("tiny", "null", "NA")]
    covered = coverage(*run_of(shards, tmp_path, done=shards[:1]))
    assert covered["state"].tolist() == ["done", "missing"]
    summary = mark_partial(SUMMARY, covered)
    assert summary["partial"].tolist() == ["true", "true"]
    assert summary.loc[1, ["dataset", "subject", "count", "failed"]].tolist() == [
        "null",
        "NA",
        0,
        0,
    ]
    assert summary["count"].dtype == int
    assert pd.isna(summary.loc[1, "ttft_ms_mean"])
    assert "1 of 2 shards are missing" in sentences(covered)[0]


def test_a_complete_run_is_not_partial(tmp_path):
    shards = [PlannedShard("tiny", "gsm8k", "main")]
    covered = coverage(*run_of(shards, tmp_path, done=shards))
    summary = mark_partial(SUMMARY, covered)
    assert summary.drop(columns="partial").equals(SUMMARY)
    assert summary["partial"].tolist() == ["false"]
    assert sentences(covered) == []


@pytest.mark.parametrize("text", [None, "", "a\tb\nc\td\n", "pair\tdataset\n", '"torn\n'])
def test_a_wrong_manifest_is_named(tmp_path, text):
    path = tmp_path / "shards.tsv"
    if text is not None:
        path.write_text(text)
    with pytest.raises(UserError, match=r"shards\.tsv"):
        read_manifest(path)
