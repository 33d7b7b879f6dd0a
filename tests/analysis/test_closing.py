"""The last lines of a run hold the answer, and only what this run's tables say."""

from __future__ import annotations

import os

import pandas as pd
import pytest

from c2c_timing.analysis.closing import MOST_LINES, answer_lines, where_the_time_goes
from c2c_timing.analysis.columns import SHARES


def row(count="8", mean="100", **more):
    shares = dict.fromkeys(SHARES.values(), "")
    return {
        "pair": "a_b", "method": "c2c", "runtime": "eager", "length_view": "natural",
        "count": count, "total_time_ms_mean": mean, "quality": "ok", "quality_advice": "",
    } | shares | more  # fmt: skip


def floor(**more):
    return {
        "pair": "a_b", "method": "c2c", "runtime": "eager", "length_view": "natural",
        "dataset": "gsm8k", "stage": "decode", "time_over_floor": "70.04", "bound_by": "launch",
    } | more  # fmt: skip


def test_shares_are_of_the_time_of_all_requests():
    rows = [
        row(decode_share="0.8", teacher_prefill_share="0.19", projector_share="0.01"),
        row("4", "600", decode_share="0.2", teacher_prefill_share="0.8"),
        row(mean="9999", decode_share="1", method="base"),
        row("0", ""),
    ]
    floors = [floor(method="base"), floor(time_over_floor=""), floor(), floor(stage="projector")]
    assert where_the_time_goes(rows, floors) == [
        "where the time goes (a_b, c2c, eager, natural): teacher prefill 65%, decode 35%",
        "  work first on decode (gsm8k): 70 times its floor, bound by launch",
    ]


def test_without_c2c_it_is_the_first_method_and_without_a_floor_there_is_no_advice():
    (line,) = where_the_time_goes([row(method="base", decode_share="1")], [])
    assert line == "where the time goes (a_b, base, eager, natural): decode 100%"
    assert where_the_time_goes([], [floor()]) == []


def test_of_many_pairs_some_are_said_and_the_others_counted():
    rows = [row(pair=f"pair{n}", decode_share="1") for n in range(MOST_LINES + 2)]
    lines = where_the_time_goes(rows, [])
    assert lines[-1] == "  and 2 more: see the report"
    assert len(lines) == MOST_LINES + 1


@pytest.fixture
def results(tmp_path):
    def write(name, rows):
        pd.DataFrame(rows).to_csv(tmp_path / name, sep="\t", index=False)

    write("summary_full.tsv", [row(decode_share="1")])
    write("bottlenecks.tsv", [floor()])
    (tmp_path / "report.html").touch()
    shard = tmp_path / "shard.jsonl"
    shard.touch()
    os.utime(shard, (0, 0))
    return tmp_path, shard, write


ALL = {"summary_full.tsv", "bottlenecks.tsv", "report.html", "speedup.tsv"}


def test_files_of_another_config_or_older_than_their_shards_say_nothing(results):
    folder, shard, _ = results
    lines = answer_lines(folder, ALL, [shard, folder / "missing.jsonl"])
    assert [line.partition(" ")[0] for line in lines] == ["where", "", "quality:", "report:"]
    assert answer_lines(folder, {"report.html"}, [shard]) == [f"report: {folder / 'report.html'}"]
    os.utime(shard, (2**33, 2**33))
    assert answer_lines(folder, ALL, [shard]) == []


def test_tables_of_a_persons_own_take_nothing_from_the_end_of_a_run(results):
    folder, shard, write = results
    write("summary_full.tsv", [{"mine": 1}])
    write("bottlenecks.tsv", [{"mine": 1}])
    write("speedup.tsv", [{"mine": 1}])
    said, report = answer_lines(folder, ALL, [shard])
    assert "speedup.tsv does not tell" in said
    assert report.startswith("report: ")
