"""Times of two sides, request against request of the same sample: how many times faster is the one?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..statistics import FEWEST_SAMPLES, ResampledMedian, draws, interval
from .deciding import MARGIN, samples_to_decide, verdict

# Comparisons of equally many samples share their draws: so many at most, and of so many samples in all.
MOST_TOGETHER = 250
SAMPLES_TOGETHER = 1_000_000


@dataclass(frozen=True)
class Pairs:
    """Two sides, request against request: all (pairs,).

    Attributes:
        own, other: times in ms.
        sample: that each pair belongs to, 0 … n-1.
        at_equal_length: logarithm of how many times longer the other side takes for as long an
            answer (``length_split``); NaN where that is not known.
    """

    own: np.ndarray
    other: np.ndarray
    sample: np.ndarray
    at_equal_length: np.ndarray

    @classmethod
    def of(
        cls,
        own: np.ndarray,
        other: np.ndarray,
        sample: np.ndarray,
        at_equal_length: np.ndarray | None = None,
    ) -> Pairs:
        """Of requests whose samples rise; those that only one side has are left out."""
        if at_equal_length is None:
            at_equal_length = np.full(len(own), np.nan)
        both = ~(np.isnan(own) | np.isnan(other))
        own, other, sample = own[both], other[both], sample[both]
        numbered = np.cumsum(np.diff(sample, prepend=sample[:1]) > 0)
        return cls(own, other, numbered, at_equal_length[both])

    @property
    def samples(self) -> int:
        """How many there are."""
        return int(self.sample[-1]) + 1

    @property
    def logs(self) -> np.ndarray:
        """(samples,), the mean logarithm of how many times longer the other side takes."""
        return self._of_samples(np.log(self.other / self.own))

    @property
    def parts(self) -> np.ndarray:
        """(samples, 3): ``logs``; of these what the method has in it, and what the length of answers."""
        method = self._of_samples(self.at_equal_length)
        return np.stack([self.logs, method, self.logs - method], axis=1)

    def _of_samples(self, logs: np.ndarray) -> np.ndarray:
        return np.bincount(self.sample, logs) / np.bincount(self.sample)


def compare_pairs(
    compared: Sequence[Pairs], seed: int = 0, margin: float = MARGIN
) -> list[dict[str, Any]]:
    """The numbers of each comparison; see ``speedup.compare``."""
    found: dict[int, dict[str, Any]] = {}
    for places in _of_one_size(compared):
        ends = _intervals([compared[place] for place in places], seed)
        for place, own in zip(places, ends, strict=True):
            found[place] = _numbers(compared[place], own, margin)
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
    """(comparisons, 4, 2): of the three ``Pairs.parts`` and of the ratio of medians, low and high end."""
    samples = compared[0].samples
    if samples < FEWEST_SAMPLES:
        return np.full((len(compared), 4, 2), np.nan)
    logs = np.concatenate([pairs.parts for pairs in compared], axis=1) / samples
    medians = [
        (ResampledMedian(pairs.other, pairs.sample), ResampledMedian(pairs.own, pairs.sample))
        for pairs in compared
    ]
    means, ratios = [], []
    for counts in draws(samples, seed):
        means.append(np.exp(counts @ logs).T)
        drawn = np.ascontiguousarray(counts.T)
        ratios.append(np.stack([other.of(drawn) / own.of(drawn) for other, own in medians]))
    of_parts = np.concatenate(means, axis=1).reshape(len(compared), 3, -1)
    replicates = np.concatenate([of_parts, np.concatenate(ratios, axis=1)[:, None]], axis=1)
    unknown = np.full(2, np.nan)
    return np.array([
        [unknown if np.isnan(each).all() else interval(each, samples) for each in own]
        for own in replicates
    ])  # fmt: skip


def _numbers(pairs: Pairs, ends: np.ndarray, margin: float) -> dict[str, Any]:
    own, other = np.median(pairs.own), np.median(pairs.other)
    speedup, method, length = np.exp(pairs.parts.mean(axis=0))
    of = {"speedup": speedup, "method_speedup": method, "length_speedup": length,
          "median_ratio": other / own}  # fmt: skip
    estimates = {
        f"{name}{end}": number
        for (name, value), own_ends in zip(of.items(), ends, strict=True)
        for end, number in zip(("", "_low", "_high"), (value, *own_ends), strict=True)
    }
    low, high = ends[0]
    return estimates | {
        "num_samples": pairs.samples,
        "num_pairs": len(pairs.own),
        "verdict": verdict(low, high, margin),
        "samples_to_decide": samples_to_decide(speedup, low, high, pairs.samples, margin),
        "median_ms": own,
        "against_median_ms": other,
    }
