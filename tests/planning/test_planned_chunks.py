"""Chunks are planned without a look at the rows; other chunks are noticed and left out."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pandas as pd
import pytest
from default_config import with_

from c2c_timing.analysis.coverage import coverage, mark_partial, read_manifest, shard_files
from c2c_timing.analysis.runs import read_watched
from c2c_timing.cards.dataset_card import load_dataset_card, read_dataset_card
from c2c_timing.errors import UserError
from c2c_timing.planning.config import check_config
from c2c_timing.planning.failed_jobs import missing_report
from c2c_timing.planning.jobs import timing_flags
from c2c_timing.planning.shards import (
    PlannedShard,
    manifest,
    other_chunks_line,
    plan_shards,
    subject_pattern,
    vocabulary,
)
from c2c_timing.shard_names import Chunk, split_chunk_name


def planned(**changes):
    return plan_shards(with_(**{"datasets": ["gsm8k"], **changes}))


@pytest.mark.parametrize(("changes", "number"), [
    ({"num_samples": 100, "chunk_size": 25}, 4), ({"num_samples": 101, "chunk_size": 25}, 5),
    ({"num_samples": 1, "chunk_size": 25}, 1), ({"num_samples": 25, "chunk_size": 25}, 1),
    ({"num_samples": 100, "chunk_size": None}, 1), ({"num_samples": 3, "chunk_size": 1}, 3),
    ({"num_samples": None, "chunk_size": 2, "source": "synthetic", "prompt_tokens": [64, 65, 66]}, 2),
])  # fmt: skip
def test_as_many_chunks_as_the_wanted_samples_need(changes, number):
    shards = planned(**changes)
    assert len(shards) == number
    expected = [Chunk(i, number) for i in range(1, number + 1)] if number > 1 else [None]
    assert [shard.chunk for shard in shards] == expected


def test_without_a_number_of_samples_nobody_knows_how_many_chunks():
    config = with_(num_samples=None, chunk_size=10)
    with pytest.raises(UserError, match=r"chunk_size: .* num_samples, which is null"):
        check_config(config)
    with pytest.raises(UserError, match="chunk_size"):
        check_config(with_(chunk_size=0))


def test_a_chunk_is_named_alike_everywhere():
    shard = PlannedShard("tiny", "mmlu", "virology", Chunk(2, 4))
    assert shard.timing_file == "results/timings/tiny/mmlu_virology.2-of-4_timing.jsonl"
    assert shard.errors_file == "results/failed/tiny/mmlu_virology.2-of-4_errors.jsonl"
    assert shard.run_file == "results/timings/tiny/mmlu_virology.2-of-4_run.json"
    assert shard.log == "results/logs/time_shard/tiny/mmlu_virology.2-of-4.log"
    assert shard.name == "tiny/mmlu/virology.2-of-4"
    assert "--chunk=2/4" in timing_flags("mmlu", with_(), shard.chunk)
    assert "--chunk" not in timing_flags("mmlu", with_())


def test_the_rule_s_pattern_takes_subjects_and_their_chunks_apart():
    words = {name: "|".join(map(re.escape, values)) for name, values in vocabulary().items()}
    words["subject"] = subject_pattern()
    pattern = PlannedShard("{pair}", "{dataset}", "{subject}").timing_file
    pattern = re.escape(pattern)
    for name, values in words.items():
        pattern = pattern.replace(re.escape("{" + name + "}"), f"(?P<{name}>{values})")
    for chunk in (None, Chunk(1, 12)):
        for shard in plan_shards(with_(subjects={})):
            file = PlannedShard(shard.pair, shard.dataset, shard.subject, chunk).timing_file
            found = re.fullmatch(pattern, file)
            assert (found["pair"], found["dataset"]) == (shard.pair, shard.dataset)
            assert split_chunk_name(found["subject"]) == (shard.subject, chunk)


def test_a_subject_named_like_a_chunk_is_refused(tmp_path):
    path = tmp_path / "odd.yaml"
    for name, is_right in (("v1.5", True), ("main.1-of-2", False)):
        path.write_text(load_dataset_card("gsm8k").path.read_text().replace("main:", f"{name}:"))
        if is_right:
            assert list(read_dataset_card(path).subjects) == [name]
        else:
            with pytest.raises(UserError, match=r"main\.1-of-2"):
                read_dataset_card(path)


def test_files_of_other_chunks_are_named_and_nothing_merges_them(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shards = planned(num_samples=4, chunk_size=2, datasets=["gsm8k", "mmlu"])
    assert other_chunks_line(shards) is None
    for other in (
        *shards,
        PlannedShard("tiny", "gsm8k", "main"),
        PlannedShard("tiny", "gsm8k", "main", Chunk(1, 3)),
        PlannedShard("tiny", "openbookqa", "main", Chunk(1, 3)),  # not of this run
    ):
        path = Path(other.timing_file)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    line = other_chunks_line(shards)
    assert line.startswith("2 files of records")
    assert "gsm8k_main.1-of-3_timing.jsonl" in line
    assert "\n" not in line
    Path("shards.tsv").write_text(manifest(shards) + "\n")
    files = shard_files(Path("shards.tsv"), Path("results/timings"))
    assert list(map(str, files)) == [shard.timing_file for shard in shards]
    assert other_chunks_line(planned(num_samples=4)).startswith("3 files")


def test_a_subject_is_as_busy_as_its_busiest_chunk(tmp_path):
    files = []
    for number, load in enumerate((3.0, 9.0, 4.0), 1):
        run = {
            "pair": "tiny", "dataset": "gsm8k", "subject": "main", "model_config": {},
            "watch": {"load_1m": {"max": load}}, "cpu": {"logical_cores": 2},
        }  # fmt: skip
        files.append(tmp_path / f"{number}-of-3_run.json")
        files[-1].write_text(json.dumps(run))
    (words,) = read_watched(files)[1].values()
    assert "9.0" in words


def test_a_missing_chunk_is_told_and_its_subject_s_row_stays(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shards = planned(
        num_samples=4, chunk_size=2, datasets=["gsm8k", "ai2-arc"], subjects={"ai2-arc": "ARC-Easy"}
    )
    path = Path(shards[0].timing_file)
    path.parent.mkdir(parents=True)
    path.touch()
    report = missing_report(shards)
    assert report.startswith("3 of 4 shards are missing")
    assert "tiny/gsm8k/main.2-of-2" in report
    Path("shards.tsv").write_text(manifest(shards) + "\n")
    covered = coverage(read_manifest(Path("shards.tsv")), Path("results/timings"))
    assert covered.columns.tolist() == ["pair", "dataset", "subject", "state", "chunk"]
    assert covered["state"].tolist() == ["done", "missing", "missing", "missing"]
    summary = pd.DataFrame(
        [{"pair": "tiny", "dataset": "gsm8k", "subject": "main", "count": 2, "setup": ""}]
    )
    marked = mark_partial(summary, covered)
    assert marked["dataset"].tolist() == ["gsm8k", "ai2-arc"]
    assert marked["count"].tolist() == [2, 0]
    assert set(marked["partial"]) == {"true"}
