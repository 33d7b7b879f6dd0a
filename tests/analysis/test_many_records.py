"""Many records: memory holds a part of them, several processes read them, and nothing else changes."""

from __future__ import annotations

import json
import subprocess
import sys

import matplotlib.pyplot as plt
import pandas as pd
import pytest
from analysis.invented import invent, write
from folders import SCRIPTS
from patience import PATIENCE

from c2c_timing.analysis import gather, parts, record_lines
from c2c_timing.analysis import merge as merging
from c2c_timing.analysis.figures import FIGURES, style
from c2c_timing.analysis.merge import merge, merged_into, read_timings
from c2c_timing.errors import UserError

FILES, EACH = 6, 10


def some_files(folder, **changes):
    return [
        write(folder, [invent(EACH * file + n, subject=f"s{file}", **changes) for n in range(EACH)],
              name=str(file))
        for file in range(FILES)
    ]  # fmt: skip


@pytest.fixture
def small_steps(monkeypatch):
    """A process reads a file at a time, columns are laid aside and written a few rows at a time."""
    monkeypatch.setattr(merging, "BYTES_A_PART", 1)
    monkeypatch.setattr(record_lines, "BYTES_TOGETHER", 1)
    monkeypatch.setattr(parts, "ROWS_AT_ONCE", 3)
    monkeypatch.setattr(gather, "ROWS_A_SLAB", 4)
    monkeypatch.setattr(gather, "BYTES_KEPT", 1)


def test_steps_and_processes_change_nothing(tmp_path, small_steps, monkeypatch):
    paths = some_files(tmp_path)
    # Keys that only some records have, of types that only all of them together tell.
    more = [
        invent(99, subject="s9", new=1), invent(98, subject="s9", new=None),
        invent(97, subject="s9", new=2.5), invent(96, subject="s9", method="t2t"),
    ]  # fmt: skip
    paths.append(write(tmp_path, more, name="more"))
    with merged_into(tmp_path / "two.parquet", paths, processes=2) as merged:
        assert merged.records == FILES * EACH + 4
    monkeypatch.undo()
    at_once = merge(paths)[0]
    pd.testing.assert_frame_equal(read_timings(tmp_path / "two.parquet"), at_once)
    assert at_once["new"].dropna().tolist() == [1, 2.5]
    assert {path.name for path in tmp_path.iterdir()} == {
        "failed", "two.parquet", *(path.name for path in paths),
    }  # fmt: skip


def test_the_first_wrong_line_is_named_whatever_process_reads_it(tmp_path, small_steps):
    paths = some_files(tmp_path)
    for path in paths[2:]:
        path.write_text(path.read_text() + "{\n")
    with (
        pytest.raises(UserError, match=r"/2_timing\.jsonl:11: not JSON"),
        merged_into(tmp_path / "t.parquet", paths, processes=2),
    ):
        pass
    assert not list(tmp_path.glob("t.parquet*"))


@pytest.mark.parametrize("wrong", [
    (("again", 2), ("spoilt", 3)), (("spoilt", 2), ("again", 3)), (("spoilt", 2), ("torn", 3)),
], ids=str)  # fmt: skip
def test_of_several_wrong_lines_the_first_is_named(tmp_path, wrong):
    lines = [json.dumps(invent(n)) for n in range(5)]
    spoil = {
        "again": json.dumps(invent(0, response="other")),
        "spoilt": json.dumps(invent(9, prompt_length="9")),
        "torn": "{",
    }
    for what, place in wrong:
        lines[place] = spoil[what]
    path = tmp_path / "a_timing.jsonl"
    path.write_text("\n".join(lines))
    reasons = {"again": "the same request as line 1", "spoilt": "prompt_length: '9' is not"}
    with pytest.raises(UserError, match=f"a_timing.jsonl:3: {reasons[wrong[0][0]]}"):
        merge([path])


def test_failures_stand_in_the_order_in_which_their_shards_are_named(tmp_path, small_steps):
    for name in "ab":
        write(tmp_path, [invent(ord(name))], [{"id": name}], name=name)
    paths = [tmp_path / f"{name}_timing.jsonl" for name in "ba"]
    with merged_into(tmp_path / "t.parquet", paths, processes=2) as merged:
        assert merged.errors["id"].tolist() == ["b", "a"]


def test_what_no_column_can_hold_is_told_though_it_stands_in_other_files(tmp_path, small_steps):
    paths = some_files(tmp_path)
    paths.append(write(tmp_path, [invent(99, new="text")], name="a"))
    paths.append(write(tmp_path, [invent(98, new=1)], name="b"))
    with (
        pytest.raises(UserError, match="do not fit one table"),
        merged_into(tmp_path / "t.parquet", paths, processes=2),
    ):
        pass


def test_records_of_several_files_stand_in_the_order_of_time(tmp_path, small_steps):
    moments = [f"2026-01-01T00:00:00.{n:06}+00:00" for n in range(12)]
    records = [invent(n, started_at=moment) for n, moment in enumerate(moments)]
    paths = [write(tmp_path, records[turn::3], name=str(turn)) for turn in (2, 0, 1)]
    assert merge(paths)[0]["started_at"].tolist() == moments


def test_some_columns_are_those_of_the_whole_table(tmp_path):
    paths = some_files(tmp_path)
    with merged_into(tmp_path / "t.parquet", paths):
        pass
    wanted = ["id", "total_time_ms", "correct", "setup"]
    some = read_timings(tmp_path / "t.parquet", wanted)
    assert set(some) == set(wanted)
    pd.testing.assert_frame_equal(some, read_timings(tmp_path / "t.parquet")[list(some)])


MEASURED = """
import resource, sys
from pathlib import Path
from c2c_timing.analysis.merge import merged_into

def most():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

before = most()
with merged_into(Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]]):
    pass
print(most() - before)
"""


def test_memory_holds_a_part_of_the_records(tmp_path):
    record = invent(prompt="x" * 50_000)
    paths = []
    for file in range(40):
        lines = [json.dumps(record | {"id": f"{file}/{n}", "row_digest": None}) for n in range(200)]
        paths.append(tmp_path / f"{file}_timing.jsonl")
        paths[-1].write_text("\n".join(lines) + "\n")
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, tmp_path / "t.parquet", *paths],
        env={"PYTHONPATH": str(SCRIPTS)}, capture_output=True, text=True, check=False, timeout=PATIENCE,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    # Of 400 MB.
    assert float(done.stdout) < 250


@pytest.mark.parametrize("name", ["throughput", "decode_step_time", "prefill_vs_prompt_length"])
def test_a_figure_thins_its_dots_and_says_so(tmp_path, monkeypatch, name):
    table = merge(some_files(tmp_path, dataset="gsm8k"))[0]
    notes = []
    for most in (1000, 20):
        monkeypatch.setattr(style, "MOST_DOTS", most)
        figure = FIGURES[name](table)
        notes.append(
            [a.get_xlabel() for a in figure.axes if "one request in 3 of" in a.get_xlabel()]
        )
        plt.close(figure)
    assert [bool(found) for found in notes] == [False, True]
