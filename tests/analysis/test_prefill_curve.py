"""Prefill over length: the square is found, no cost is negative, what is unknown is not drawn."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from c2c_timing.analysis.prefill_curve import fit_prefill

LENGTHS = np.repeat(np.geomspace(50, 20_000, 40).round(), 3)


def noisy(times, seed=0, spread=0.05):
    return times * np.random.default_rng(seed).lognormal(0, spread, len(times))


def test_the_square_of_attention_is_found():
    curve = fit_prefill(LENGTHS, noisy(4 + 0.02 * LENGTHS + 2e-6 * LENGTHS**2))
    found = curve.start, curve.per_token, curve.per_squared_token
    assert found == pytest.approx((4, 0.02, 2e-6), rel=0.2)


def test_a_straight_line_stays_one():
    curve = fit_prefill(LENGTHS, 4 + 0.02 * LENGTHS)
    assert curve.at(np.array([100.0, 10_000.0])) == pytest.approx([6, 204], rel=0.01)
    assert "n²" not in curve.equation


def test_a_few_very_slow_requests_do_not_bend_it():
    times = noisy(4 + 0.02 * LENGTHS)
    times[::20] *= 10
    assert fit_prefill(LENGTHS, times).at(np.array([1000.0])) == pytest.approx([24], rel=0.1)


@pytest.mark.parametrize("lengths", [
    [100.0] * 30, [100.0, 200.0] * 15, np.linspace(100, 120, 30), [],
], ids=["one length", "two lengths", "close to each other", "none"])  # fmt: skip
def test_what_the_lengths_do_not_tell_is_not_drawn(lengths):
    lengths = np.array(lengths, float)
    assert fit_prefill(lengths, noisy(5 + 0.1 * lengths)) is None


def test_times_that_fall_with_the_length_have_no_curve():
    assert fit_prefill(LENGTHS, 100 / LENGTHS) is None


@given(st.integers(0, 1000), st.floats(-0.5, 2), st.floats(0, 1))
def test_no_coefficient_is_negative_and_no_time_falls(seed, power, spread):
    curve = fit_prefill(LENGTHS, noisy(LENGTHS**power, seed, spread))
    if curve is not None:
        assert min(curve.start, curve.per_token, curve.per_squared_token) >= 0
        assert (np.diff(curve.at(np.unique(LENGTHS))) >= 0).all()
        assert "-" not in curve.equation.replace("e-", "")
