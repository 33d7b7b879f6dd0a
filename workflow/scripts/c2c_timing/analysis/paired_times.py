"""Times of two sides, request against request of the same sample: how many times faster is the one?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..statistics import FEWEST_SAMPLES, ResampledMedian, draws, interval

# Comparisons of equally many samples share their draws: so many at most, and of so many samples in all.
MOST_TOGETHER = 250
SAMPLES_TOGETHER = 1_000_000


@dataclass(frozen=True)
class Pairs:
    """Times of both sides in ms, and the sample that each pair belongs to, 0 … n-1: all (pairs,)."""

    own: np.ndarray
    other: np.ndarray
    sample: np.ndarray

    @classmethod
    def of(cls, own: np.ndarray, other: np.ndarray, sample: np.ndarray) -> Pairs:
        """Of requests whose samples rise; those that only one side has are left out."""
        both = ~(np.isnan(own) | np.isnan(other))
        own, other, sample = own[both], other[both], sample[both]
        return cls(own, other, np.cumsum(np.diff(sample, prepend=sample[:1]) > 0))

    @property
    def samples(self) -> int:
        """How many there are."""
        return int(self.sample[-1]) + 1

    @property
    def logs(self) -> np.ndarray:
        """(samples,), the mean logarithm of how many times longer the other side takes."""
        return np.bincount(self.sample, np.log(self.other / self.own)) / np.bincount(self.sample)


def compare_pairs(compared: Sequence[Pairs], seed: int = 0) -> list[dict[str, Any]]:
    """The numbers of each comparison; see ``speedup.compare``."""
    found: dict[int, dict[str, Any]] = {}
    for places in _of_one_size(compared):
        ends = _intervals([compared[place] for place in places], seed)
        for place, (speedup, ratio) in zip(places, ends, strict=True):
            found[place] = _numbers(compared[place], np.exp(speedup), ratio)
    return [found[place] for place in range(len(compared))]


def _of_one_size(compared: Sequence[Pairs]) -> Iterator[list[int]]:
    """Places of comparisons of equally many samples, some at a time."""
    alike = defaultdict(list)
    for place, pairs in enumerate(compared):
        alike[pairs.samples].append(place)
    for samples, places in alike.items():
        step = max(1, min(MOST_TOGETHER, SAMPLES_TOGETHER // samples))
        yield from (places[begin : begin + step] for begin in range(0, len(places), step))


def _intervals(compared: Sequence[Pairs], seed: int) -> np.ndarray:
    """(comparisons, 2, 2): of the mean logarithm and of the ratio of medians, low and high end."""
    samples = compared[0].samples
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
    return np.array([[interval(each, samples) for each in both] for both in replicates])


def _numbers(pairs: Pairs, speedup: np.ndarray, ratio: np.ndarray) -> dict[str, Any]:
    own, other = np.median(pairs.own), np.median(pairs.other)
    return {
        "num_samples": pairs.samples,
        "num_pairs": len(pairs.own),
        "speedup": np.exp(pairs.logs.mean()),
        "speedup_low": speedup[0],
        "speedup_high": speedup[1],
        "verdict": verdict(*speedup),
        "median_ratio": other / own,
        "median_ratio_low": ratio[0],
        "median_ratio_high": ratio[1],
        "median_ms": own,
        "against_median_ms": other,
    }


def verdict(low: float, high: float) -> str:
    """What an interval of a speed-up allows to say."""
    if low > 1:
        return "faster"
    return "slower" if high < 1 else "not distinguishable"
