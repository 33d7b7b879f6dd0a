"""Times of two sides, request against request of the same sample: how many times faster is the one?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
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
from .deciding import MARGIN, samples_to_decide, verdict

# Comparisons of equally many samples share their draws: so many at most, and of so many samples in all.
MOST_TOGETHER = 250
SAMPLES_TOGETHER = 1_000_000


@dataclass(frozen=True)
class Pairs:
    """Two sides, request against request: all (pairs,).

    Attributes:
        own, other: times in ms.
        sample, process: that each pair belongs to, 0 … n-1 and 0 … k-1.
        at_equal_length: logarithm of how many times longer the other side takes for as long an
            answer (``length_split``); NaN where that is not known.
        confidence: of the intervals.
    """

    own: np.ndarray
    other: np.ndarray
    sample: np.ndarray
    process: np.ndarray
    at_equal_length: np.ndarray
    confidence: float = CONFIDENCE

    @classmethod
    def of(
        cls,
        own: np.ndarray,
        other: np.ndarray,
        sample: np.ndarray,
        process: np.ndarray,
        at_equal_length: np.ndarray | None = None,
        confidence: float = CONFIDENCE,
    ) -> Pairs:
        """Of requests whose samples rise; those that only one side has are left out."""
        if at_equal_length is None:
            at_equal_length = np.full(len(own), np.nan)
        both = ~(np.isnan(own) | np.isnan(other))
        own, other, sample, process = own[both], other[both], sample[both], process[both]
        sample = np.cumsum(np.diff(sample, prepend=sample[:1]) > 0)
        process = np.unique(process, return_inverse=True)[1]
        return cls(own, other, sample, process, at_equal_length[both], confidence)

    @property
    def samples(self) -> int:
        """How many there are."""
        return int(self.sample[-1]) + 1

    @property
    def processes(self) -> int:
        """How many there are."""
        return int(self.process.max()) + 1

    @property
    def parts(self) -> np.ndarray:
        """(samples, 3), mean logarithms, each process counted alike.

        Of how many times longer the other side takes; of these what the method has in it, and what
        the length of answers.
        """
        return self._means(over=1)

    @property
    def parts_of_processes(self) -> np.ndarray:
        """(processes, 3), the same of each process, each sample counted alike."""
        return self._means(over=0)

    def _means(self, over: int) -> np.ndarray:
        """Means over samples (0) or processes (1) of those of each process with each sample."""
        shape = (self.samples, self.processes)
        cell, size = self.sample * self.processes + self.process, shape[0] * shape[1]
        whole = np.log(self.other / self.own)
        parts = np.stack([whole, self.at_equal_length, whole - self.at_equal_length], axis=1)
        number = np.bincount(cell, minlength=size)
        sums = np.stack([np.bincount(cell, part, size) for part in parts.T], axis=1)
        means = sums / np.maximum(number, 1)[:, None]  # 0 where a process lacks a sample
        there = (number > 0).reshape(shape).sum(axis=over)
        return means.reshape(*shape, -1).sum(axis=over) / there[:, None]


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
    """Places of comparisons of equally many samples and one confidence, some at a time."""
    alike = defaultdict(list)
    for place, pairs in enumerate(compared):
        alike[pairs.samples, pairs.confidence].append(place)
    for (samples, _), places in alike.items():
        step = max(1, min(MOST_TOGETHER, SAMPLES_TOGETHER // samples))
        yield from (places[begin : begin + step] for begin in range(0, len(places), step))


def _intervals(compared: Sequence[Pairs], seed: int) -> np.ndarray:
    """(comparisons, 4, 2): of the three ``Pairs.parts`` and of the ratio of medians, low and high end.

    Over samples; see ``_over_processes``.
    """
    samples, confidence = compared[0].samples, compared[0].confidence
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
        [unknown if np.isnan(each).all() else interval(each, samples, confidence) for each in own]
        for own in replicates
    ])  # fmt: skip


def _over_processes(pairs: Pairs, values: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Ends (4, 2) of intervals over samples, widened by how far processes lie apart, if there are some."""
    if pairs.processes == 1:
        return ends
    of_process = (pairs.process == number for number in range(pairs.processes))
    ratios = [np.median(pairs.other[own]) / np.median(pairs.own[own]) for own in of_process]
    by_process = np.vstack([np.exp(pairs.parts_of_processes).T, ratios])
    low, high = over_processes(values, (ends[:, 0], ends[:, 1]), by_process, pairs.confidence)
    return np.stack([low, high], axis=1)


def _numbers(pairs: Pairs, ends: np.ndarray, margin: float) -> dict[str, Any]:
    own, other = np.median(pairs.own), np.median(pairs.other)
    names = ("speedup", "method_speedup", "length_speedup", "median_ratio")
    values = np.array([*np.exp(pairs.parts.mean(axis=0)), other / own])
    ends = _over_processes(pairs, values, ends)
    estimates = {
        f"{name}{end}": number
        for name, value, own_ends in zip(names, values, ends, strict=True)
        for end, number in zip(("", "_low", "_high"), (value, *own_ends), strict=True)
    }
    low, high = ends[0]
    return estimates | {
        "num_samples": pairs.samples,
        "num_pairs": len(pairs.own),
        "verdict": verdict(low, high, margin),
        # How far processes lie apart does not become less with more samples.
        "samples_to_decide": np.nan
        if pairs.processes > 1
        else samples_to_decide(values[0], low, high, pairs.samples, margin),
        "median_ms": own,
        "against_median_ms": other,
        "processes": pairs.processes,
        "interval_over": interval_over(pairs.processes),
        "confidence": pairs.confidence,
    }


def interval_over(processes: int, units: str = "samples") -> str:
    """What intervals count, in words."""
    return units if processes == 1 else f"processes and {units}"
