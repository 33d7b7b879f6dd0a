"""The last lines of a run hold the answer, and only what this run's tables say."""

from __future__ import annotations

import os

import pandas as pd
import pytest

from c2c_timing.analysis.closing import MOST_LINES, answer_lines, where_the_time_goes


def row(stage, median, count="8", over="3", **more):
    return {
        "pair": "a_b", "method": "c2c", "runtime": "eager", "length_view": "natural",
        "dataset": "gsm8k", "stage": stage, "median_ms": median, "count": count,
        "time_over_floor": over, "bound_by": "launch",
    } | more  # fmt: skip


def test_shares_are_of_the_time_of_all_requests():
    rows = [
        row("decode", "60", over="70.04"),
        row("teacher_prefill", "10"),
        row("teacher_prefill", "30", count="24", dataset="longbench"),
        row("projector", "0.1"),
        row("decode", "1000", method="base"),
        row("decode", "", count="0"),
    ]
    line, advice = where_the_time_goes(rows)
    assert line == (
        "where the time goes (a_b, c2c, eager, natural): teacher prefill 62%, decode 37%"
    )
    assert advice == "  work first on decode (gsm8k): 70 times its floor, bound by launch"


def test_without_c2c_it_is_the_first_method_and_without_a_floor_there_is_no_advice():
    (line,) = where_the_time_goes([row("decode", "1", method="base", over="")])
    assert line == "where the time goes (a_b, base, eager, natural): decode 100%"
    assert where_the_time_goes([]) == []


def test_of_many_pairs_some_are_said_and_the_others_counted():
    lines = where_the_time_goes(
        [row("decode", "1", over="", pair=f"pair{n}") for n in range(MOST_LINES + 2)]
    )
    assert lines[-1] == "  and 2 more: see the report"
    assert len(lines) == MOST_LINES + 1


@pytest.fixture
def results(tmp_path):
    pd.DataFrame([row("decode", "1")]).to_csv(tmp_path / "bottlenecks.tsv", sep="\t", index=False)
    (tmp_path / "report.html").touch()
    shard = tmp_path / "shard.jsonl"
    shard.touch()
    os.utime(shard, (0, 0))
    return tmp_path, shard


def test_files_of_another_config_or_older_than_their_shards_say_nothing(results):
    folder, shard = results
    both = {"bottlenecks.tsv", "report.html", "speedup.tsv"}
    lines = answer_lines(folder, both, [shard, folder / "missing.jsonl"])
    assert [line.partition(" ")[0] for line in lines] == ["where", "", "report:"]
    assert answer_lines(folder, {"report.html"}, [shard]) == [f"report: {folder / 'report.html'}"]
    os.utime(shard, (2**33, 2**33))
    assert answer_lines(folder, both, [shard]) == []
