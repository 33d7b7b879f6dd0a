"""Where a shard's files lie: ``*.jsonl`` in a folder of records finds records alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from c2c_timing.cards.subject_names import subject_today
from c2c_timing.shard_names import errors_file, journal_file, run_file


@pytest.mark.parametrize(("timing", "errors"), [
    ("results/timings/tiny/gsm8k_main_timing.jsonl", "results/failed/tiny/gsm8k_main_errors.jsonl"),
    ("/r/timings/tiny/a_b_timing.jsonl", "/r/failed/tiny/a_b_errors.jsonl"),
    ("timings/tiny/a_b_timing.jsonl", "failed/tiny/a_b_errors.jsonl"),
    ("out/tiny/a_b_timing.jsonl", "out/tiny/failed/a_b_errors.jsonl"),
    ("out/f.jsonl", "out/failed/f_errors.jsonl"), ("f.jsonl", "failed/f_errors.jsonl"),
])  # fmt: skip
def test_failed_samples_lie_apart_from_records(timing, errors):
    assert errors_file(Path(timing)) == Path(errors)


@pytest.mark.parametrize("timing", ["a_b_timing.jsonl", "../tiny/a_b_timing.jsonl"])
def test_they_are_found_from_within_the_folder_too(timing, tmp_path, monkeypatch):
    (tmp_path / "timings" / "tiny").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "timings" / "tiny")
    found = errors_file(Path(timing))
    assert Path(f"{found}").resolve() == tmp_path / "failed" / "tiny" / "a_b_errors.jsonl"


@pytest.mark.parametrize("timing", ["results/timings/tiny/a_b_timing.jsonl", "f.jsonl"])
def test_nothing_else_beside_records_looks_like_records(timing):
    assert journal_file(Path(timing)).suffix != ".jsonl"
    assert run_file(Path(timing)).suffix != ".jsonl"


def test_the_only_subject_of_earlier_versions_has_its_present_name():
    assert [subject_today(name) for name in ("all", "main", "virology")] == [
        "main",
        "main",
        "virology",
    ]
