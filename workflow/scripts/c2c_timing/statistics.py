"""Intervals that count samples, not records: repeats of one sample are not independent.

Two kinds, both of 95 %:

- of a median, from its rank (Woodruff, JASA 47, 1952): how far the rank of the median may be off
  follows from how records lie below and above it in each sample; no random numbers.
- of anything else by bootstrap over samples: every replicate draws whole samples with replacement.
  Percentiles are those of the expanded interval (Hesterberg, The American Statistician 69, 2015,
  section 4.3), which for few samples is as wide as Student's t asks for.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

# The normal distribution, and Student's t: scipy.stats has them too, but is slow to import.
from scipy.special import ndtr, stdtrit

CONFIDENCE = 0.95
REPLICATES = 1000
# Below it an interval of 95 % holds the truth in less than 90 of 100 cases: none is given.
FEWEST_SAMPLES = 5
FEW_SAMPLES = 30
# Numbers of one chunk of replicates, so that many samples need no more memory than few.
CHUNK_NUMBERS = 1_000_000


def median_intervals(values: np.ndarray, sample: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Low and high end of the interval of each column's median.

    Args:
        values: (records, columns); NaN is not there.
        sample: (records,), which sample a record belongs to, 0 … n-1.

    Returns:
        Two arrays (columns,); NaN for a column of fewer than ``FEWEST_SAMPLES`` samples.
    """
    ends = [_median_interval(column, sample) for column in np.asarray(values, float).T]
    low, high = np.array(ends).reshape(-1, 2).T
    return low, high


def _median_interval(values: np.ndarray, sample: np.ndarray) -> tuple[float, float]:
    there = ~np.isnan(values)
    values = values[there]
    sample = np.unique(sample[there], return_inverse=True)[1]
    samples = sample.max(initial=-1) + 1
    if samples < FEWEST_SAMPLES:
        return np.nan, np.nan
    centre = np.median(values)
    # +1/2 above, -1/2 below, 0 on it: the sum over a sample is how far it pulls the rank.
    pulls = np.bincount(sample, np.sign(values - centre) / 2)
    if np.ptp(values) == 0:
        return centre, centre
    rank_error = np.sqrt(samples / (samples - 1) * np.square(pulls).sum())
    half = stdtrit(samples - 1, (1 + CONFIDENCE) / 2) * rank_error / len(values)
    low, high = np.quantile(values, np.clip([0.5 - half, 0.5 + half], 0, 1))
    return low, high


def draws(samples: int, seed: int, replicates: int | None = None) -> Iterator[np.ndarray]:
    """How often each sample is drawn: chunks of (replicates, samples), float32.

    By default few samples, whose intervals end far in the tail, are drawn more often.
    """
    replicates = replicates or (REPLICATES if samples > FEW_SAMPLES else 4 * REPLICATES)
    rng = np.random.default_rng([seed, samples])
    at_once = max(1, min(replicates, CHUNK_NUMBERS // samples))
    for start in range(0, replicates, at_once):
        rows = min(at_once, replicates - start)
        drawn = rng.integers(0, samples, (rows, samples))
        drawn += np.arange(rows)[:, None] * samples
        counts = np.bincount(drawn.ravel(), minlength=rows * samples)
        yield counts.reshape(rows, samples).astype(np.float32)


def interval(replicates: np.ndarray, samples: int) -> tuple[float, float]:
    """The expanded percentile interval of bootstrap replicates (n,); NaN for too few samples."""
    if samples < FEWEST_SAMPLES:
        return np.nan, np.nan
    quantile = stdtrit(samples - 1, (1 + CONFIDENCE) / 2)
    tail = ndtr(-np.sqrt(samples / (samples - 1)) * quantile)
    low, high = np.nanquantile(replicates, [tail, 1 - tail])
    return low, high


def mean_interval(values: np.ndarray, seed: int = 0) -> tuple[float, float]:
    """Low and high end of the interval of the mean of ``values`` (samples,); NaN for too few."""
    samples = len(values)
    if samples < FEWEST_SAMPLES:
        return np.nan, np.nan
    means = [counts @ (values / samples) for counts in draws(samples, seed)]
    return interval(np.concatenate(means), samples)


class ResampledMedian:
    """The median of records when whole samples are drawn, without sorting every replicate.

    A replicate's median lies near the sample's own. Records are sorted once; those far below and far
    above the middle are only counted, those near it are looked at one by one.
    """

    # Standard errors of the rank that count as near; a replicate beyond them is one in a million.
    REACH = 5.0

    def __init__(self, values: np.ndarray, sample: np.ndarray) -> None:
        order = np.argsort(values, kind="stable")
        sizes = np.bincount(sample)
        reach = int(np.ceil(self.REACH * np.sqrt(np.square(sizes).sum()) / 2)) + 2
        middle = len(values) // 2
        near = order[max(0, middle - reach) : middle + reach]
        below = order[: max(0, middle - reach)]
        self._values, self._sample = values[near], sample[near]
        samples = len(sizes)
        self._sums = np.stack(
            [sizes, np.bincount(sample[below], minlength=samples)], axis=1
        ).astype(np.float32)

    def of(self, counts: np.ndarray) -> np.ndarray:
        """Medians (replicates,) of the chunk of draws (replicates, samples)."""
        total, below = (counts @ self._sums).T
        reached = below[:, None] + np.cumsum(counts[:, self._sample], axis=1)
        lower = self._at(reached, np.ceil(total / 2))
        upper = self._at(reached, np.floor(total / 2) + 1)
        return (lower + upper) / 2

    def _at(self, reached: np.ndarray, rank: np.ndarray) -> np.ndarray:
        """The value with a rank (from 1), for each replicate."""
        place = (reached < rank[:, None]).sum(axis=1)
        return self._values[np.minimum(place, len(self._values) - 1)]
