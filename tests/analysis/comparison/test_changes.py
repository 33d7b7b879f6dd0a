"""Verdicts on two runs whose true change is known."""

from __future__ import annotations

import numpy as np
import pytest
from analysis.comparison.made_up import verdicts
from hypothesis import given
from hypothesis import strategies as st

from c2c_timing.analysis.comparison.changes import AS_GROUPS, BY_SAMPLE, WHOLE, changes
from c2c_timing.analysis.comparison.estimates import (
    difference_estimate,
    holm_levels,
    mean_estimate,
)
from c2c_timing.analysis.deciding import FASTER, SAME, SLOWER, UNTOLD


@pytest.mark.parametrize("change", verdicts.CHANGES)
def test_of_forty_verdicts_on_two_runs_at_least_38_are_right(change):
    assert verdicts.number_right(change, 40) >= 38


@pytest.mark.parametrize("change", verdicts.CHANGES)
def test_of_few_samples_too(change):
    assert verdicts.number_right(change, 60, samples=8, repeats=1) >= 57


@pytest.mark.parametrize("change", verdicts.CHANGES)
def test_of_processes_that_lie_apart_too(change):
    assert verdicts.number_right(change, 40, repeats=1, processes=5, apart=0.02) >= 38


def test_how_far_processes_lie_apart_is_in_the_interval():
    apart, alike = (verdicts.made_up_run(1, 0, processes=4, apart=a) for a in (0.1, 0.0))
    # A run of one process has the spread of the other one.
    single = verdicts.made_up_run(2, 0)
    widths = []
    for run in (apart, alike, alike.assign(process=1)):
        table = changes(run, single, stages=False)
        widths.append(np.log(table["ratio_high"] / table["ratio_low"]).mean())
    assert widths[0] > 3 * widths[1] > 3 * widths[2]
    assert (table["old_num_processes"] == 1).all()


def test_what_was_looked_at_several_times_is_judged_more_strictly():
    old, new = verdicts.made_up_run(1, 0), verdicts.made_up_run(2, 0)
    once, often = changes(old, new), changes(old, new.assign(possible_looks=5))
    assert (often["confidence"] > once["confidence"]).all()


def test_a_run_beside_itself_is_the_same_everywhere():
    run = verdicts.made_up_run(1, 0)
    table = changes(run, run)
    assert len(table) == 3 * 7
    assert table["verdict"].eq(SAME).all()
    assert table["ratio"].eq(1).all()
    assert not table["is_beyond_margin"].any()


def test_one_stage_that_takes_longer_is_the_one_that_is_named():
    run = verdicts.made_up_run(1, 0)
    other = run.assign(
        projector_total_ms=run["projector_total_ms"] * 1.2,
        total_time_ms=run["total_time_ms"] + 0.2 * run["projector_total_ms"],
    )
    table = changes(run, other)
    assert {*table.loc[table["is_beyond_margin"], "part"]} == {"projector"}
    assert table.loc[table["is_beyond_margin"], "ratio"].to_numpy() == pytest.approx(1.2)
    assert table.loc[table["part"] == WHOLE, "verdict"].eq(SAME).all()
    back = changes(other, run)
    assert {*back.loc[back["verdict"] == FASTER, "part"]} == {"projector"}
    assert not back["is_beyond_margin"].any()


def test_samples_that_only_one_run_has_make_groups():
    old, new = verdicts.made_up_run(1, 0, noise=0.01), verdicts.made_up_run(2, 0.15, noise=0.01)
    paired = changes(old, new, stages=False)
    assert paired["compared_as"].eq(BY_SAMPLE).all()
    grouped = changes(old, new.assign(id=new["id"] + "-other"), stages=False)
    assert grouped["compared_as"].eq(AS_GROUPS).all()
    assert grouped["ratio"].to_numpy() == pytest.approx(paired["ratio"].to_numpy())
    widths = [np.log(t["ratio_high"] / t["ratio_low"]) for t in (grouped, paired)]
    assert (widths[0] > 5 * widths[1]).all()  # the samples' own spread is in it
    other_prompts = changes(old, new.assign(prompt_digest=1), stages=False)
    assert other_prompts["compared_as"].eq(AS_GROUPS).all()


def test_only_samples_that_both_have_count_where_they_are_enough():
    old = verdicts.made_up_run(1, 0)
    new = old[old["id"].str.endswith(("1", "2", "3"))]
    table = changes(old, new)
    assert table["num_samples"].eq(6).all()
    assert table["verdict"].eq(SAME).all()


def test_few_samples_tell_nothing_and_a_stage_that_nobody_has_is_no_row():
    old, new = verdicts.made_up_run(1, 0), verdicts.made_up_run(2, 1.0)
    few = old["id"].str.endswith(("-1", "-2"))
    table = changes(old[few], new[few])
    assert table["verdict"].eq(UNTOLD).all()
    assert table[["ratio_low", "ratio_high"]].isna().all(axis=None)
    assert "handover" not in set(table["part"])
    zero = changes(old.assign(base_embedding_ms=0.0), new)
    assert "base_embedding" not in set(zero["part"])


def test_a_sure_change_inside_the_margin_is_no_reason_to_fail():
    old, new = verdicts.made_up_run(1, 0, noise=0.002), verdicts.made_up_run(2, 0.03, noise=0.002)
    table = changes(old, new)
    assert (table["ratio_low"] > 1).all()
    assert table["verdict"].eq(SAME).all()
    sharper = changes(old, new, margin=0.01)
    assert sharper["verdict"].eq(SLOWER).all()
    assert sharper["is_beyond_margin"].all()


@given(st.lists(st.floats(0, 1) | st.just(float("nan")), min_size=1, max_size=30))
def test_holm_rejects_what_its_definition_does(chances):
    chances = np.array(chances)
    levels, rejected = holm_levels(chances, 0.05)
    known = np.sort(chances[~np.isnan(chances)])
    passing = known <= 0.05 / np.arange(len(known), 0, -1)
    number = len(passing) if passing.all() else int(np.argmin(passing))
    assert rejected.sum() == number
    assert (rejected == (chances <= levels))[~np.isnan(chances)].all()
    assert not rejected[np.isnan(chances)].any()


@given(
    st.lists(st.floats(-2, 2), min_size=5, max_size=20).filter(lambda v: np.ptp(v) > 1e-3),
    st.floats(0.5, 0.9999),
)
def test_an_interval_excludes_just_what_its_test_rejects(values, confidence):
    for estimate in (mean_estimate(np.array(values)),
                     difference_estimate(np.array(values), np.array(values[::-1]) * 0.5)):  # fmt: skip
        low, high = estimate.interval(confidence)
        assert low < high
        for place in (low - 1e-3, (low + high) / 2, high + 1e-3):
            is_in = low <= place <= high
            assert (estimate.chance_apart(place) >= 1 - confidence) == is_in


def test_intervals_hold_the_truth_as_often_as_they_say():
    rng = np.random.default_rng(0)
    inside = [0, 0]
    for _ in range(600):
        one, other = rng.normal(1, 1, 8), rng.normal(0, 2, 12)
        for n, (estimate, truth) in enumerate(
            ((mean_estimate(one), 1), (difference_estimate(one, other), 1))
        ):
            low, high = estimate.interval()
            inside[n] += low <= truth <= high
    assert all(0.93 <= number / 600 <= 0.975 for number in inside)
