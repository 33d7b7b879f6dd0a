"""What intervals count, what they hold, and what the instrument makes of no difference."""

from __future__ import annotations

import importlib.util

import numpy as np
import pandas as pd
import pytest
from analysis.invented import invent, requests_of, write
from folders import ROOT
from hypothesis import given
from hypothesis import strategies as st

from c2c_timing.analysis.closing import answer_lines
from c2c_timing.analysis.ladder import ladder
from c2c_timing.analysis.merge import merge, merged_into, read_timings, write_tsv
from c2c_timing.analysis.report.spread import _courses
from c2c_timing.analysis.report.trust import intervals_count
from c2c_timing.analysis.resolution import (
    false_calls,
    resolution_line,
    resolution_sentences,
    smallest_difference,
)
from c2c_timing.analysis.speedup import compare, is_across_methods
from c2c_timing.analysis.summary import summarize
from c2c_timing.analysis.verdicts import method_verdicts
from c2c_timing.errors import UserError
from c2c_timing.statistics import CONFIDENCE, confidence_at, mean_interval, over_processes, spreads

FAILED = {"pair": "tiny", "dataset": "gsm8k", "subject": "main", "method": "c2c_again"}


def overall(table):
    return table[table["scope"] == "overall"].iloc[0]


def width(row):
    return np.log(row["speedup_high"] / row["speedup_low"])


@pytest.fixture(scope="module")
def process_coverage():
    path = ROOT / "benchmarks" / "process_coverage.py"
    spec = importlib.util.spec_from_file_location("process_coverage", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_one_process_misses_more_often_than_it_says_and_several_do_not(process_coverage):
    """Times differ by 10 % from process to process (standard deviation of their logarithm)."""
    rng = np.random.default_rng(1)
    single, _, single_median = process_coverage.coverage(rng, 60, 8, 1, 0.1)
    assert single < 0.6 and single_median < 0.9
    for processes in (3, 6):
        held, _, held_median = process_coverage.coverage(rng, 60, 8, processes, 0.1)
        assert held > 0.88 and held_median > 0.88


@pytest.mark.parametrize("processes", [2, 3, 5])
def test_few_processes_are_as_uncertain_as_student_says(processes):
    """Samples without any spread: what is left is Student's t of the processes' own values."""
    rng = np.random.default_rng(processes)
    apart = rng.normal(0, 0.1, (4000, processes))
    middle = np.exp(apart.mean(axis=1))
    low, high = over_processes(middle, (middle, middle), np.exp(apart))
    assert ((low <= 1) & (high >= 1)).mean() == pytest.approx(CONFIDENCE, abs=0.012)


factors = st.floats(0.2, 5)


@given(st.lists(factors, min_size=1, max_size=6), factors, st.floats(0, 1), factors)
def test_an_interval_over_processes_holds_that_over_samples(values, middle, half, unit):
    by_process, ends = np.array([values]), (np.array([middle * np.exp(s * half)]) for s in (-1, 1))
    low, high = tuple(ends)
    wide = over_processes(np.array([middle]), (low, high), by_process)
    assert wide[0] <= low * (1 + 1e-9) and wide[1] >= high * (1 - 1e-9)
    if len(values) == 1:
        assert np.allclose([wide[0], wide[1]], [low, high])
    # Neither the order of processes nor the unit of time changes it.
    other = over_processes(
        unit * np.array([middle]), (unit * low, unit * high), unit * by_process[:, ::-1]
    )
    assert np.allclose(np.array(other), unit * np.array(wide))


def test_a_row_s_interval_does_not_depend_on_the_rows_beside_it():
    """Differences, which may be below 0, stand beside times in one table."""
    middle, ends = np.array([2.0, 0.1]), (np.array([1.9, -0.2]), np.array([2.1, 0.4]))
    by_process = np.array([[1.5, 2.5, np.nan], [-0.1, 0.3, 0.2]])
    both = np.array(over_processes(middle, ends, by_process))
    for row in (0, 1):
        alone = over_processes(middle[[row]], (ends[0][[row]], ends[1][[row]]), by_process[[row]])
        assert np.allclose(both[:, row], np.array(alone)[:, 0])
    # Times lie as many times below as above, differences as much.
    assert both[1, 0] / 2 == pytest.approx(2 / both[0, 0], rel=0.02)
    assert both[0, 1] < -0.2 and both[1, 1] > 0.4


def test_more_looks_cost_width():
    values = np.random.default_rng(0).normal(1, 0.1, 12)
    widths = [np.ptp(mean_interval(values, confidence=float(confidence_at(n)))) for n in (1, 2, 4)]
    assert widths == sorted(widths) and widths[0] < widths[-1]
    assert np.allclose(confidence_at(np.array([1, 5])), [0.95, 0.99])
    own = [
        spreads(values, np.zeros(12, int), np.arange(12), 1, confidence=confidence_at(n))
        for n in (1, 8)
    ]
    assert own[1]["median_low"] < own[0]["median_low"]


def test_the_comparison_says_what_its_intervals_count():
    one = compare(requests_of({"base": 100, "c2c": 150}))
    several = compare(requests_of({"base": 100, "c2c": 150}, processes=4, apart=0.3))
    assert set(one["interval_over"]) == {"samples"} and set(one["processes"]) == {1}
    assert set(several["interval_over"]) == {"processes and samples"}
    assert set(several["processes"]) == {4} and set(several["confidence"]) == {0.95}
    assert overall(several)["num_samples"] == overall(one)["num_samples"] == 20
    assert width(overall(several)) > 1.5 * width(overall(one))


def test_pairs_are_of_one_process():
    """A process that is slow as a whole is slow on both sides."""
    table = requests_of({"base": 100, "c2c": 150}, processes=3, noise=0.0)
    slow = np.array([1.0, 1.6, 2.9])[table["process"] - 1]
    row = overall(compare(table.assign(total_time_ms=table["total_time_ms"] * slow)))
    assert row["speedup_high"] == pytest.approx(row["speedup_low"], rel=1e-6)


def test_looks_that_were_possible_are_paid_for_in_the_tables():
    table = requests_of({"base": 100, "c2c": 150}, processes=2, apart=0.05)
    looked = compare(table.assign(possible_looks=4))
    assert set(looked["confidence"]) == {1 - 0.05 / 4}
    assert width(overall(looked)) > width(overall(compare(table)))


def test_medians_and_rungs_count_processes_as_well():
    ways = {(m, r): 100 for m in ("base", "c2c") for r in ("eager", "fused")}
    widths = []
    for apart in (0.0, 0.2):
        rung = ladder(requests_of(ways, processes=3, apart=apart)).iloc[0]
        assert rung["interval_over"] == "processes and samples"
        widths.append(np.log(rung["request_ms_high"] / rung["request_ms_low"]))
    assert widths[1] > widths[0]


def test_processes_are_told_apart_in_one_file_and_counted(tmp_path):
    records = [
        invent(n, process=process, started_at=f"2026-01-01T00:00:0{process}")
        for process in (1, 2)
        for n in range(6)
    ]
    table, errors = merge([write(tmp_path, records)])
    assert sorted(table["process"]) == [1] * 6 + [2] * 6 and set(table["repeat"]) == {1}
    summary = summarize(table, errors)
    assert summary["processes"].tolist() == [2] and summary["samples"].tolist() == [6]
    again = [*records, invent(0, process=2, response="another")]
    with pytest.raises(UserError, match="the same request as line"):
        merge([write(tmp_path, again, name="b")])


def test_a_second_file_of_the_same_processes_has_further_repeats_of_each(tmp_path, capsys):
    files = [
        write(tmp_path, [invent(0, process=p, started_at=f"{name}{p}") for p in (1, 2)], name=name)
        for name in "ab"
    ]
    table, _ = merge(files)
    assert sorted(zip(table["process"], table["repeat"], strict=True)) == [
        (1, 1), (1, 2), (2, 1), (2, 2)
    ]  # fmt: skip
    assert "2 records are of requests that another file has" in capsys.readouterr().err


def with_second_arm(factor=1.0, **changes):
    table = requests_of({"base": 100, "c2c": 150, "c2c_again": 150 * factor}, noise=0.01, **changes)
    return table.assign(**{"model_config.device": "cpu"})


def test_equal_things_are_the_last_rows_and_no_method_among_others():
    speedup = compare(with_second_arm())
    aa = speedup[speedup["against"] == "c2c_again"]
    assert set(aa["method"]) == {"c2c"} and set(aa["scope"]) == {"overall", "data set", "subject"}
    assert list(aa.index) == list(speedup.index[-len(aa) :])
    assert not is_across_methods(speedup)[aa.index].any()
    assert len(method_verdicts(speedup)) == 1 and "again" not in method_verdicts(speedup)[0]
    (sentence,) = resolution_sentences(speedup)
    assert "C2C against itself" in sentence and "cannot be told here" in sentence
    assert "smallest difference that can be told" in resolution_line(speedup)
    assert false_calls(speedup) == []
    # No runtime is compared with another through a second arm.
    both = pd.concat([with_second_arm(), with_second_arm().assign(runtime="fused")])
    assert set(compare(both)["method"]) == {"base", "c2c"}


def test_the_smallest_difference_is_the_farther_end():
    row = {"speedup_low": 0.98, "speedup_high": 1.01}
    assert smallest_difference(row) == pytest.approx(1 / 0.98 - 1)
    assert smallest_difference({"speedup_low": 1.02, "speedup_high": 1.05}) == pytest.approx(0.05)
    assert smallest_difference({"speedup_low": np.nan, "speedup_high": np.nan}) is None
    few = compare(with_second_arm(samples=3))
    assert "too few samples" in resolution_sentences(few)[0]
    assert "none" in resolution_line(few)


def test_a_false_verdict_marks_the_run(tmp_path):
    speedup = compare(with_second_arm(factor=1.1))
    (call,) = false_calls(speedup)
    assert "was found faster than itself" in call
    write_tsv(speedup, tmp_path / "speedup.tsv")
    said = answer_lines(tmp_path, ["speedup.tsv"], [])
    assert any(line.startswith("  false verdict: ") and call in line for line in said)
    assert any(line.startswith("smallest difference that can be told: ") for line in said)


def test_other_tables_and_figures_know_no_second_arm(tmp_path):
    records = [invent(n, method="c2c") for n in range(5)]
    records += [r | {"method": "c2c_again"} for r in records]
    path = tmp_path / "t.parquet"
    with merged_into(path, [write(tmp_path, records)]) as merged:
        assert merged.records == 10
    assert set(read_timings(path)["method"]) == {"c2c"}
    assert "method" not in read_timings(path, ["id"]) and len(read_timings(path, ["id"])) == 5
    assert len(read_timings(path, with_second_arms=True)) == 10
    failed = pd.DataFrame([FAILED])
    summary = summarize(read_timings(path), failed)
    assert summary["method"].tolist() == ["c2c"] and summary["failed"].tolist() == [0]


def test_one_process_says_what_it_does_not_know():
    names = {"pair": "x", "dataset": "d", "subject": "s"}
    one = pd.DataFrame([names | {"process": 1}])
    assert "from process to process" in intervals_count(one) and "unknown" in intervals_count(one)
    three = pd.DataFrame([names | {"process": p} for p in (1, 2, 3)])
    assert "3 fresh processes" in intervals_count(three)


def test_nobody_promises_that_samples_bring_processes_together():
    rng = np.random.default_rng(1)
    table = requests_of({"base": 100, "c2c": 100}, samples=10, repeats=1, noise=0.02)
    several = pd.concat(
        table.assign(process=p, total_time_ms=table["total_time_ms"]
                     * np.where(table["method"] == "c2c", rng.lognormal(0, 0.05), 1))
        for p in (1, 2, 3)
    )  # fmt: skip
    row = overall(compare(several, margin=1e-3))
    assert row["verdict"] == "not distinguishable"
    assert np.isnan(row["samples_to_decide"])


def test_levels_of_processes_are_no_course_of_a_run():
    records = requests_of({"c2c": 100}, samples=12, repeats=3, noise=0.01)
    several = pd.concat(
        records.assign(process=p, total_time_ms=records["total_time_ms"] * (1 + p / 10))
        for p in (1, 2, 3)
    )
    started = pd.date_range("2026-01-01", periods=len(several), freq="s").map(
        pd.Timestamp.isoformat
    )
    several = several.assign(started_at=started, prompt_length=100, num_generated_tokens=8)
    several = several.assign(teacher_prompt_length=100, num_teacher_tokens=None)
    (course,) = _courses(several)
    assert abs(course["drift"]) < 0.01
