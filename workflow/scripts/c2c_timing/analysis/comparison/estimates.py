"""Means of logarithms with intervals of any confidence, and tests of whole tables of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import stdtr, stdtrit

from ...statistics import CONFIDENCE, FEWEST_SAMPLES


@dataclass(frozen=True)
class Estimate:
    """A mean with its standard error, for intervals of any confidence and tests: Student's t.

    A bootstrap of few samples has no far tails: of eight equal signs no replicate has another one, so
    that a table of a hundred rows would tell of changes that are chance. The mean of logarithms of
    ratios is what t is made for.

    Attributes:
        mean, error: NaN where there are too few samples.
        freedom: degrees of freedom.
    """

    mean: float
    error: float
    freedom: float

    def interval(self, confidence: float = CONFIDENCE) -> tuple[float, float]:
        """Low and high end."""
        half = stdtrit(self.freedom, (1 + confidence) / 2) * self.error
        return self.mean - half, self.mean + half

    def chance_above(self, value: float) -> float:
        """One-sided p-value: how often the mean would come so high if it were ``value`` in truth."""
        if np.isnan(self.error):
            return np.nan
        if self.error == 0:
            return float(self.mean <= value)
        return float(stdtr(self.freedom, -(self.mean - value) / self.error))

    def chance_apart(self, value: float = 0.0) -> float:
        """Two-sided p-value: how often the mean would come so far off if it were ``value`` in truth."""
        if self.error == 0:
            return float(self.mean == value)
        distance = abs(self.mean - value) / self.error
        return 2 * float(stdtr(self.freedom, -distance))


UNKNOWN = Estimate(np.nan, np.nan, np.nan)


def mean_estimate(values: np.ndarray) -> Estimate:
    """Of the mean of ``values`` (samples,)."""
    samples = len(values)
    if samples < FEWEST_SAMPLES:
        return UNKNOWN
    error = np.std(values, ddof=1) / np.sqrt(samples)
    return Estimate(float(np.mean(values)), float(error), samples - 1)


def difference_estimate(one: np.ndarray, other: np.ndarray) -> Estimate:
    """Of (mean of ``one`` - mean of ``other``), independent samples of both: Welch's t."""
    if min(len(one), len(other)) < FEWEST_SAMPLES:
        return UNKNOWN
    variances = [np.var(values, ddof=1) / len(values) for values in (one, other)]
    together = sum(variances)
    parts = zip(variances, (one, other), strict=True)
    spent = sum(variance**2 / (len(values) - 1) for variance, values in parts)
    freedom = together**2 / spent if spent else len(one) + len(other) - 2
    return Estimate(float(np.mean(one) - np.mean(other)), float(np.sqrt(together)), float(freedom))


def holm_levels(
    chances: np.ndarray, alpha: float = 1 - CONFIDENCE
) -> tuple[np.ndarray, np.ndarray]:
    """Holm's step-down test (Scandinavian Journal of Statistics 6, 1979) of a family of p-values.

    The least p-value is tested at alpha / m, the next at alpha / (m - 1), and so on until one fails;
    all further ones are tested at the level of the first that failed. The chance of any false
    rejection is at most alpha, however the tests depend on each other.

    Args:
        chances: (tests,); NaN is no test, and not counted.

    Returns:
        (tests,) the level that each is tested at, alpha / 1 for NaN; (tests,) whether it is rejected.
    """
    chances = np.asarray(chances, float)
    levels, rejected = np.full(len(chances), alpha), np.zeros(len(chances), bool)
    order = np.argsort(chances, kind="stable")[: np.count_nonzero(~np.isnan(chances))]
    left = len(order)
    for place, test in enumerate(order):
        level = alpha / left
        if chances[test] > level:
            levels[order[place:]] = level
            break
        levels[test], rejected[test] = level, True
        left -= 1
    return levels, rejected
