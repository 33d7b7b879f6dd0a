"""Intervals that count processes and samples, not records: repeats of one sample are not independent.

Over samples there are two kinds, both of 95 % unless another confidence is asked for:

- of a median, from its rank (Woodruff, JASA 47, 1952): how far the rank of the median may be off
  follows from how records lie below and above it in each sample; no random numbers.
- of anything else by bootstrap over samples: every replicate draws whole samples with replacement.
  Percentiles are those of the expanded interval (Hesterberg, The American Statistician 69, 2015,
  section 4.3), which for few samples is as wide as Student's t asks for.

Where several processes timed the same samples, what is drawn are whole samples with all their
processes, and the interval is widened by how far processes lie apart: Student's t interval over one
value a process, added in quadrature at each end (the method of variance estimates recovery, Zou and
Donner, Statistics in Medicine 27, 2008). Drawing two to five processes with replacement instead would
never leave the range of their values, and give far too narrow an interval; so would new samples within
each process drawn, since all processes run the same ones. What is left within processes counts on
both sides: the interval is rather too wide than too narrow (``benchmarks/process_coverage.py``).
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
# Fewer values than two beyond a percentile say nothing of it.
FEWEST_FOR_P90, FEWEST_FOR_P99 = 20, 200
# Numbers of one chunk of replicates, so that many samples need no more memory than few.
CHUNK_NUMBERS = 4_000_000


def median_intervals(values: np.ndarray, sample: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Low and high end of the interval of each column's median.

    Args:
        values: (records, columns); NaN is not there.
        sample: (records,), which sample a record belongs to, 0 … n-1.

    Returns:
        Two arrays (columns,); NaN for a column of fewer than ``FEWEST_SAMPLES`` samples.
    """
    together = np.zeros(len(sample), int)
    columns = np.asarray(values, float).T
    ends = [spreads(column, together, sample, 1) for column in columns]
    low, high = (np.array([end[name][0] for end in ends]) for name in ("median_low", "median_high"))
    return low, high


def confidence_at(looks: int | np.ndarray) -> float | np.ndarray:
    """Of each interval where data were looked at so often, and any look could have been the last.

    Shared out evenly (Bonferroni): 95 % hold for all looks together.
    """
    return 1 - (1 - CONFIDENCE) / looks


def spreads(
    values: np.ndarray,
    group: np.ndarray,
    sample: np.ndarray,
    groups: int,
    process: np.ndarray | None = None,
    confidence: float | np.ndarray = CONFIDENCE,
) -> dict[str, np.ndarray]:
    """Of every group: mean, std (n - 1), median with the ends of its interval, p90 and p99.

    p90 is there from 20 values on, p99 from 200: as many as leave two beyond it.

    All groups at once: of many small ones the calls would take longer than the numbers.

    Args:
        values: (records,); NaN is not there.
        group: (records,), 0 … groups-1.
        sample: (records,), 0 … n-1; no sample belongs to two groups.
        process: (records,), 1 … k; None: all are of one.
        confidence: of the medians' intervals, or (groups,).

    Returns:
        Arrays (groups,); NaN where there are too few values for it.
    """
    there = ~np.isnan(values)
    values, group, sample = values[there], group[there], sample[there]
    confidence = np.broadcast_to(confidence, groups)
    ordered = Ordered.of(values, group, groups)
    number = ordered.number
    # In rising order, so that a sum is the same in whatever order the records come.
    rising = np.repeat(np.arange(groups), number)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.bincount(rising, ordered.values, groups) / number
        squares = np.bincount(rising, np.square(ordered.values - mean[rising]), groups)
        std = np.sqrt(squares / np.where(number > 1, number - 1, np.nan))
    median = ordered.at(0.5)
    pulls = np.sign(values - median[group]) / 2
    low, high = _median_ends(ordered, pulls, group, sample, confidence)
    if process is not None and len(values) and process.max() > 1:
        apart = _medians_by_process(values, group, process[there] - 1, groups)
        low, high = over_processes(median, (low, high), apart, confidence)
    return {
        "mean": mean, "std": std, "median": median, "median_low": low, "median_high": high,
        "p90": np.where(number >= FEWEST_FOR_P90, ordered.at(0.9), np.nan),
        "p99": np.where(number >= FEWEST_FOR_P99, ordered.at(0.99), np.nan),
    }  # fmt: skip


class Ordered:
    """Values of groups that follow each other, each in rising order."""

    def __init__(self, values: np.ndarray, number: np.ndarray) -> None:
        self.values, self.number = values, number
        self.first = np.cumsum(number) - number

    @classmethod
    def of(cls, values: np.ndarray, group: np.ndarray, groups: int) -> Ordered:
        """Of values (n,) in any order, none of them NaN, and their groups 0 … groups-1."""
        if (np.diff(group) < 0).any():
            values = values[np.argsort(group, kind="stable")]
        found = cls(values.copy(), np.bincount(group, minlength=groups))
        for size in np.unique(found.number):
            # Those of one size together: a sort of all by group and value takes several times as long.
            places = found.first[found.number == size][:, None] + np.arange(size)
            found.values[places] = np.sort(found.values[places], axis=1)
        return found

    def at(self, quantile: float | np.ndarray) -> np.ndarray:
        """The quantile of every group, interpolated linearly as numpy does; NaN of an empty one."""
        if not len(self.values):
            return np.full(len(self.number), np.nan)
        place = np.nan_to_num(quantile * np.maximum(self.number - 1, 0))
        below = np.floor(place).astype(int)
        share = place - below
        last = np.maximum(self.number - 1, 0)
        ends = (self.first + np.minimum(step, last) for step in (below, below + 1))
        low, high = (self.values[np.minimum(end, len(self.values) - 1)] for end in ends)
        apart = high - low
        found = np.where(share < 0.5, low + apart * share, high - apart * (1 - share))
        return np.where(self.number > 0, found, np.nan)


def _medians_by_process(
    values: np.ndarray, group: np.ndarray, process: np.ndarray, groups: int
) -> np.ndarray:
    """(groups, processes), NaN where a process has no value."""
    processes = int(process.max()) + 1
    cell = group * processes + process
    return Ordered.of(values, cell, groups * processes).at(0.5).reshape(groups, processes)


def over_processes(
    middle: np.ndarray,
    ends: tuple[np.ndarray, np.ndarray],
    by_process: np.ndarray,
    confidence: float | np.ndarray = CONFIDENCE,
) -> tuple[np.ndarray, np.ndarray]:
    """Intervals over samples, widened to intervals over processes and samples.

    On the scale of logarithms where all values of a row are above 0, as processes differ by factors. Of one
    process they stay as they are: nothing is known of others.

    Args:
        middle: (n,), estimates.
        ends: of their intervals over samples, (n,) each.
        by_process: (n, processes), the same estimate of each process alone; NaN where there is none.
        confidence: of the intervals, or (n,).
    """
    are_factors = (np.isnan(by_process) | (by_process > 0)).all(axis=1) & ~(ends[0] <= 0)

    def there(values: np.ndarray) -> np.ndarray:
        each = are_factors if values.ndim == 1 else are_factors[:, None]
        return np.where(each, np.log(np.where(each, values, 1.0)), values)

    def back(values: np.ndarray) -> np.ndarray:
        return np.where(are_factors, np.exp(np.where(are_factors, values, 0.0)), values)

    with np.errstate(invalid="ignore", divide="ignore"):
        apart = there(by_process)
        number = (~np.isnan(apart)).sum(axis=1)
        mean = np.nansum(apart, axis=1) / number
        squares = np.nansum(np.square(apart - mean[:, None]), axis=1)
        quantile = stdtrit(np.maximum(number - 1, 1), (1 + np.asarray(confidence)) / 2)
        half = quantile * np.sqrt(squares / np.maximum(number - 1, 1) / number)
        half = np.where(number > 1, half, 0.0)
        centre, (low, high) = there(middle), map(there, ends)
        return back(centre - np.hypot(centre - low, half)), back(
            centre + np.hypot(high - centre, half)
        )


def _median_ends(
    ordered: Ordered,
    pull: np.ndarray,
    group: np.ndarray,
    sample: np.ndarray,
    confidence: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Ends of the medians' intervals; see above.

    ``pull`` is of every record: +1/2 above its group's median, -1/2 below, 0 on it.
    """
    groups = len(ordered.number)
    # The sum over a sample is how far it pulls the rank.
    pulls = np.bincount(sample, pull)
    home = np.zeros(len(pulls), int)
    home[sample] = group
    there = np.bincount(sample) > 0
    samples = np.bincount(home[there], minlength=groups)
    squares = np.bincount(home[there], np.square(pulls[there]), groups)
    enough = samples >= FEWEST_SAMPLES
    with np.errstate(divide="ignore", invalid="ignore"):
        quantile = stdtrit(np.maximum(samples - 1, 1), (1 + confidence) / 2)
        half = quantile * np.sqrt(samples / (samples - 1) * squares) / ordered.number
    return tuple(  # type: ignore[return-value]
        np.where(enough, ordered.at(np.clip(0.5 + sign * half, 0, 1)), np.nan) for sign in (-1, 1)
    )


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


def interval(
    replicates: np.ndarray, samples: int, confidence: float = CONFIDENCE
) -> tuple[float, float]:
    """The expanded percentile interval of bootstrap replicates (n,); NaN for too few samples."""
    if samples < FEWEST_SAMPLES:
        return np.nan, np.nan
    quantile = stdtrit(samples - 1, (1 + confidence) / 2)
    tail = ndtr(-np.sqrt(samples / (samples - 1)) * quantile)
    low, high = np.nanquantile(replicates, [tail, 1 - tail])
    return low, high


def mean_interval(
    values: np.ndarray, seed: int = 0, confidence: float = CONFIDENCE
) -> tuple[float, float]:
    """Low and high end of the interval of the mean of ``values`` (samples,); NaN for too few."""
    samples = len(values)
    if samples < FEWEST_SAMPLES:
        return np.nan, np.nan
    means = [counts @ (values / samples) for counts in draws(samples, seed)]
    return interval(np.concatenate(means), samples, confidence)


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
            [sizes, np.bincount(sample[below], minlength=samples)], dtype=np.float32
        )

    def of(self, drawn: np.ndarray) -> np.ndarray:
        """Medians (replicates,) of a chunk of draws (samples, replicates), float32."""
        total, below = self._sums @ drawn
        ranks = np.stack([np.ceil(total / 2), np.floor(total / 2) + 1])
        if (ranks[0] == ranks[1]).all():
            ranks = ranks[:1]
        place = np.zeros(ranks.shape, np.int32)
        # Record by record for all replicates at once: their number is in the columns of ``drawn``.
        for sample in self._sample:
            below += drawn[sample]
            place += below < ranks
        return self._values[np.minimum(place, len(self._values) - 1)].mean(axis=0)
