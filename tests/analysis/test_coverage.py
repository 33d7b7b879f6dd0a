from __future__ import annotations

import pandas as pd
import pytest
from default_config import DEFAULT

from c2c_timing.analysis.coverage import (
    coverage,
    mark_partial,
    read_manifest,
    scarce_sentences,
    sentences,
    timing_file,
    with_samples,
)
from c2c_timing.analysis.merge import read_tsv, write_tsv
from c2c_timing.analysis.run_checks import SampleCounts
from c2c_timing.errors import UserError
from c2c_timing.planning.shards import PlannedShard, manifest, plan_shards
from c2c_timing.shard_names import Chunk

SUMMARY = pd.DataFrame(
    {"pair": ["tiny"], "method": ["c2c"], "dataset": ["gsm8k"], "subject": ["main"],
     "count": [8], "failed": [1], "flagged": [0], "ttft_ms_mean": [1.5]}
)  # fmt: skip


def run_of(shards, tmp_path, done=()):
    """The manifest of some shards, and the folder where some of them are done."""
    path, timings = tmp_path / "shards.tsv", tmp_path / "timings"
    path.write_text(manifest(shards) + "\n")
    for shard in done:
        done_file = timing_file(timings, shard.pair, shard.dataset, shard.subject, shard.chunk)
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


def counted(shards, tmp_path, *counts):
    """The coverage of shards with these counts, as a file has it; None is a missing one."""
    done = [shard for shard, count in zip(shards, counts, strict=True) if count]
    covered, timings = run_of(shards, tmp_path, done)
    files = [timing_file(timings, s.pair, s.dataset, s.subject, s.chunk) for s in shards]
    found = {file: SampleCounts(*count) for file, count in zip(files, counts, strict=True) if count}
    covered = with_samples(coverage(covered, timings), timings, found)
    write_tsv(covered, tmp_path / "coverage.tsv")
    return read_tsv(tmp_path / "coverage.tsv")


def test_fewer_samples_than_were_asked_for_are_told_once_for_all_pairs(tmp_path):
    shards = [PlannedShard(pair, "gsm8k", "main") for pair in ("tiny", "other")]
    shards += [PlannedShard("tiny", "mmlu", "virology"), PlannedShard("tiny", "mmlu", "anatomy")]
    covered = counted(shards, tmp_path, (100, 16), (100, 16), (100, 100), None)
    assert covered["asked"].tolist()[:3] == [100, 100, 100]
    assert covered["got"].tolist()[:3] == [16, 16, 100]
    assert covered.loc[3, ["asked", "got"]].isna().all()
    assert scarce_sentences(covered) == [
        "Asked for 100 samples of each subject and got 16 for gsm8k main (coverage.tsv has them all)."
    ]


def test_chunks_of_a_subject_count_together(tmp_path):
    shards = [PlannedShard("tiny", "gsm8k", "main", Chunk(i, 3)) for i in (1, 2, 3)]
    covered = counted(shards, tmp_path, (10, 3), (10, 3), (10, 0))
    assert covered["asked"].tolist() == [3, 3, 4]
    assert "got 6 for gsm8k main" in scarce_sentences(covered)[0]
    assert scarce_sentences(counted(shards, tmp_path, (10, 3), (10, 3), (10, 4))) == []


def test_where_all_were_asked_for_or_nobody_counted_nothing_is_scarce(tmp_path):
    shards = [PlannedShard("tiny", "gsm8k", "main")]
    assert scarce_sentences(counted(shards, tmp_path, (None, 16))) == []
    assert scarce_sentences(coverage(*run_of(shards, tmp_path))) == []
