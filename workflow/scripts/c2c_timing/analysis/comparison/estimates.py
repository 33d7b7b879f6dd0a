"""Means of logarithms with intervals of any confidence, and tests of whole tables of them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.special import stdtr, stdtrit

from ...statistics import CONFIDENCE, FEWEST_SAMPLES

# A chance below it is no other than it.
TINIEST = 1e-300


@dataclass(frozen=True)
class Estimate:
    """A mean with its standard errors, for intervals of any confidence and tests: Student's t.

    A bootstrap of few samples has no far tails: of eight equal signs no replicate has another one, so
    that a table of a hundred rows would tell of changes that are chance. The mean of logarithms of
    ratios is what t is made for.

    Attributes:
        mean: NaN where there are too few samples.
        sources: standard error and degrees of freedom of each independent source of spread; the half
            widths of their intervals add up in quadrature, as in ``statistics``. Of few processes that
            is wider than Satterthwaite's degrees of freedom, which take a spread that happens to look
            small for a small one.
    """

    mean: float
    sources: tuple[tuple[float, float], ...]

    def interval(self, confidence: float = CONFIDENCE) -> tuple[float, float]:
        """Low and high end."""
        half = self._half((1 - confidence) / 2)
        return self.mean - half, self.mean + half

    def _half(self, tail: float) -> float:
        """Half the width of the interval that leaves so much beyond each end."""
        return math.hypot(*(error * -stdtrit(freedom, tail) for error, freedom in self.sources))

    def chance_above(self, value: float) -> float:
        """One-sided p-value: how often the mean would come so high if it were ``value`` in truth."""
        if math.isnan(self.mean):
            return math.nan
        tail = self._tail(abs(self.mean - value))
        return tail if self.mean > value else 1 - tail

    def chance_apart(self, value: float = 0.0) -> float:
        """Two-sided p-value: how often the mean would come so far off if it were ``value`` in truth."""
        return math.nan if math.isnan(self.mean) else 2 * self._tail(abs(self.mean - value))

    def _tail(self, distance: float) -> float:
        """What lies beyond an interval that reaches just so far."""
        sources = [source for source in self.sources if source[0] > 0]
        if distance == 0 or not sources:
            return 0.5 if distance == 0 else 0.0
        if len(sources) == 1:
            ((error, freedom),) = sources
            return float(stdtr(freedom, -distance / error))
        return float(brentq(lambda tail: self._half(tail) - distance, TINIEST, 0.5))

    def with_spread_of(self, *sides: np.ndarray) -> Estimate:
        """With how far processes lie apart: as far on one side as on the other, so that both tell of it.

        A side of one process has that of the other one. The spread within processes is in both sources, so
        that the interval is rather too wide.

        Args:
            sides: of each the same mean by process, (processes,).
        """
        freedom = sum(len(side) - 1 for side in sides)
        if freedom == 0:
            return self
        squares = sum(float(np.square(side - side.mean()).sum()) for side in sides)
        error = math.sqrt(squares / freedom * sum(1 / len(side) for side in sides))
        return Estimate(self.mean, (*self.sources, (error, freedom)))


UNKNOWN = Estimate(np.nan, ((np.nan, np.nan),))


def mean_estimate(values: np.ndarray) -> Estimate:
    """Of the mean of ``values`` (samples,)."""
    samples = len(values)
    if samples < FEWEST_SAMPLES:
        return UNKNOWN
    error = float(np.std(values, ddof=1) / np.sqrt(samples))
    return Estimate(float(np.mean(values)), ((error, samples - 1),))


def difference_estimate(one: np.ndarray, other: np.ndarray) -> Estimate:
    """Of (mean of ``one`` - mean of ``other``), independent samples of both: Welch's t."""
    if min(len(one), len(other)) < FEWEST_SAMPLES:
        return UNKNOWN
    variances = [np.var(values, ddof=1) / len(values) for values in (one, other)]
    together = sum(variances)
    parts = zip(variances, (one, other), strict=True)
    spent = sum(variance**2 / (len(values) - 1) for variance, values in parts)
    freedom = together**2 / spent if spent else len(one) + len(other) - 2
    return Estimate(float(np.mean(one) - np.mean(other)), ((float(np.sqrt(together)), freedom),))


def holm_levels(chances: np.ndarray, alpha: float) -> tuple[np.ndarray, np.ndarray]:
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
