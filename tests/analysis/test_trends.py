"""Trends of many rows of times at once are those that the test finds in each of them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import kendalltau

from c2c_timing.analysis.trends import FEW_TIMES, LEVEL, trends


@pytest.mark.parametrize("size", [8, 33, 34, 60, FEW_TIMES, FEW_TIMES + 1])
def test_they_are_kendalls(size):
    rng = np.random.default_rng(size)
    slopes = 3 * rng.normal(size=(60, 1)) * np.linspace(0, 1, size)
    times = rng.lognormal(size=(60, size)) * np.exp(slopes)
    times[:20] = times[:20].round(1)  # with ties
    times[0] = 1.0
    found = trends(times)
    expected = [kendalltau(np.arange(size), row).pvalue < LEVEL for row in times]
    assert found.tolist() == expected
    assert 0 < found.sum() < 60


def test_none_of_no_times():
    assert trends(np.zeros((0, 9))).shape == (0,)
