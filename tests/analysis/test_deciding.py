"""What intervals allow to say."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from c2c_timing.analysis.deciding import advice, samples_to_decide, verdict


@pytest.mark.parametrize(("low", "high", "words"), [
    (1.1, 2, "faster"), (0.5, 0.9, "slower"), (0.9, 1.1, "not distinguishable"),
    (0.96, 1.04, "same"), (1.01, 1.04, "same"), (0.96, 0.99, "same"), (1, 1, "same"),
    (1.01, 1.06, "faster"), (0.94, 0.99, "slower"), (0.94, 1.01, "not distinguishable"),
    (np.nan, np.nan, "not distinguishable"),
])  # fmt: skip
def test_the_verdict_reads_the_interval(low, high, words):
    assert verdict(low, high) == words


@given(st.floats(-0.2, 0.2), st.floats(1e-3, 1), st.floats(1e-3, 1), st.integers(5, 1000))
def test_so_many_samples_decide_and_one_less_does_not(centre, below, above, samples):
    low, high = math.exp(centre - below), math.exp(centre + above)
    needed = samples_to_decide(math.exp(centre), low, high, samples)
    if verdict(low, high) != "not distinguishable":
        assert math.isnan(needed)
        return

    def with_samples(number):
        shrink = math.sqrt(samples / number)
        return verdict(math.exp(centre - below * shrink), math.exp(centre + above * shrink))

    assume(needed > samples)
    assert with_samples(needed * 1.001) != "not distinguishable"
    assert with_samples((needed - 1) * 0.999) == "not distinguishable"


def test_without_an_interval_nobody_knows_how_many_samples_it_takes():
    assert math.isnan(samples_to_decide(1.2, math.nan, math.nan, 4))
    assert advice(math.nan, 4) == ""
    assert advice(123.0, 8).startswith("about 130 samples instead of 8")
