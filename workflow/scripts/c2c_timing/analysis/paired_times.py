"""Times of two sides, request against request of the same sample: how many times faster is the one?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..statistics import (
    CONFIDENCE,
    FEWEST_SAMPLES,
    ResampledMedian,
    draws,
    interval,
    over_processes,
)

# Comparisons of equally many samples share their draws: so many at most, and of so many samples in all.
MOST_TOGETHER = 250
SAMPLES_TOGETHER = 1_000_000


@dataclass(frozen=True)
class Pairs:
    """Times of both sides in ms, the sample that each pair belongs to, 0 … n-1, and its process, 0 … k-1.

    All are (pairs,). ``confidence`` is that of the intervals.
    """

    own: np.ndarray
    other: np.ndarray
    sample: np.ndarray
    process: np.ndarray
    confidence: float = CONFIDENCE

    @classmethod
    def of(
        cls,
        own: np.ndarray,
        other: np.ndarray,
        sample: np.ndarray,
        process: np.ndarray,
        confidence: float = CONFIDENCE,
    ) -> Pairs:
        """Of requests whose samples rise; those that only one side has are left out."""
        both = ~(np.isnan(own) | np.isnan(other))
        own, other, sample, process = own[both], other[both], sample[both], process[both]
        sample = np.cumsum(np.diff(sample, prepend=sample[:1]) > 0)
        return cls(own, other, sample, np.unique(process, return_inverse=True)[1], confidence)

    @property
    def samples(self) -> int:
        """How many there are."""
        return int(self.sample[-1]) + 1

    @property
    def processes(self) -> int:
        """How many there are."""
        return int(self.process.max()) + 1

    @property
    def cells(self) -> np.ndarray:
        """(samples, processes), the mean logarithm of how many times longer the other side takes.

        NaN where a process lacks a sample.
        """
        shape = (self.samples, self.processes)
        cell, size = self.sample * self.processes + self.process, shape[0] * shape[1]
        logs = np.bincount(cell, np.log(self.other / self.own), size)
        with np.errstate(invalid="ignore"):
            return (logs / np.bincount(cell, minlength=size)).reshape(shape)

    @property
    def logs(self) -> np.ndarray:
        """(samples,), the same over all processes, each of which counts alike."""
        return np.nanmean(self.cells, axis=1)


def compare_pairs(compared: Sequence[Pairs], seed: int = 0) -> list[dict[str, Any]]:
    """The numbers of each comparison; see ``speedup.compare``."""
    found: dict[int, dict[str, Any]] = {}
    for places in _of_one_size(compared):
        ends = _intervals([compared[place] for place in places], seed)
        for place, (speedup, ratio) in zip(places, ends, strict=True):
            found[place] = _numbers(compared[place], np.exp(speedup), ratio)
    return [found[place] for place in range(len(compared))]


def _of_one_size(compared: Sequence[Pairs]) -> Iterator[list[int]]:
    """Places of comparisons of equally many samples and one confidence, some at a time."""
    alike = defaultdict(list)
    for place, pairs in enumerate(compared):
        alike[pairs.samples, pairs.confidence].append(place)
    for (samples, _), places in alike.items():
        step = max(1, min(MOST_TOGETHER, SAMPLES_TOGETHER // samples))
        yield from (places[begin : begin + step] for begin in range(0, len(places), step))


def _intervals(compared: Sequence[Pairs], seed: int) -> np.ndarray:
    """(comparisons, 2, 2): of the mean logarithm and of the ratio of medians, low and high end.

    Over samples; see ``_over_processes``.
    """
    samples, confidence = compared[0].samples, compared[0].confidence
    if samples < FEWEST_SAMPLES:
        return np.full((len(compared), 2, 2), np.nan)
    logs = np.stack([pairs.logs for pairs in compared], axis=1) / samples
    medians = [
        (ResampledMedian(pairs.other, pairs.sample), ResampledMedian(pairs.own, pairs.sample))
        for pairs in compared
    ]
    means, ratios = [], []
    for counts in draws(samples, seed):
        means.append((counts @ logs).T)
        drawn = np.ascontiguousarray(counts.T)
        ratios.append(np.stack([other.of(drawn) / own.of(drawn) for other, own in medians]))
    replicates = zip(np.concatenate(means, axis=1), np.concatenate(ratios, axis=1), strict=True)
    return np.array([[interval(each, samples, confidence) for each in both] for both in replicates])


def _over_processes(
    pairs: Pairs, middle: float, ends: np.ndarray, by_process: Callable[[], np.ndarray]
) -> np.ndarray:
    """The ends of an interval over samples, widened by how far processes lie apart, if there are some."""
    if pairs.processes == 1:
        return ends
    low, high = over_processes(
        np.array([middle]), (ends[:1], ends[1:]), by_process()[None], pairs.confidence
    )
    return np.array([low[0], high[0]])


def _median_ratios(pairs: Pairs) -> np.ndarray:
    """(processes,), the ratio of the two medians in each process."""
    of_process = (pairs.process == number for number in range(pairs.processes))
    return np.array([np.median(pairs.other[own]) / np.median(pairs.own[own]) for own in of_process])


def _numbers(pairs: Pairs, speedup: np.ndarray, ratio: np.ndarray) -> dict[str, Any]:
    own, other = np.median(pairs.own), np.median(pairs.other)
    mean = np.exp(pairs.logs.mean())
    speedup = _over_processes(pairs, mean, speedup, lambda: np.exp(np.nanmean(pairs.cells, axis=0)))
    ratio = _over_processes(pairs, other / own, ratio, lambda: _median_ratios(pairs))
    return {
        "num_samples": pairs.samples,
        "num_pairs": len(pairs.own),
        "speedup": mean,
        "speedup_low": speedup[0],
        "speedup_high": speedup[1],
        "verdict": verdict(*speedup),
        "median_ratio": other / own,
        "median_ratio_low": ratio[0],
        "median_ratio_high": ratio[1],
        "median_ms": own,
        "against_median_ms": other,
        "processes": pairs.processes,
        "interval_over": interval_over(pairs.processes),
        "confidence": pairs.confidence,
    }


def interval_over(processes: int) -> str:
    """What intervals count, in words."""
    return "samples" if processes == 1 else "processes and samples"


def verdict(low: float, high: float) -> str:
    """What an interval of a speed-up allows to say."""
    if low > 1:
        return "faster"
    return "slower" if high < 1 else "not distinguishable"
