"""Times beside what they should have been, so that requests of different lengths can be compared.

A request is compared with the others of its own sample where there are several, and with a line
through the lengths where there is one a sample.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ..statistics import Ordered
from .stage_costs import huber_weights

# Fewer requests show neither spread nor trend.
FEWEST = 8
# Requests for each quantity of the line: fewer, and the line goes through whatever they are.
RECORDS_A_TERM = 4
REWEIGHTINGS = 5
# Of groups that are fitted together, so that many need no more memory than some.
REQUESTS_AT_ONCE = 100_000


@dataclass(frozen=True)
class Relative:
    """Times in units of what was expected, of the requests of many groups.

    Attributes:
        times: (requests,), 1 where a request took as long as expected; NaN where nothing is expected
            of it: its group is too small, or it is alone of its sample where most are not.
        spent: (groups,), degrees of freedom that the expectation took: samples, or terms of the line.
    """

    times: np.ndarray
    spent: np.ndarray


def relative_times(
    ms: np.ndarray, group: np.ndarray, sample: np.ndarray, tokens: np.ndarray, groups: int
) -> Relative:
    """Times over the median of their own sample, or over the line.

    Where most requests of a group have others of their sample beside them, those alone count.

    Args:
        ms: (requests,), in the order in which they were made; those of a group follow each other.
        group: (requests,), 0 … groups-1.
        sample: (requests,), 0 … n-1, none of them empty and none of two groups.
        tokens: (requests, quantities), the prompt's length first; what the time may grow with.
    """
    number = np.bincount(group, minlength=groups)
    has_others = np.bincount(sample)[sample] > 1
    several = np.bincount(group, has_others, groups)
    by_sample = several * 2 > number
    counts = by_sample[group] & has_others & (several >= FEWEST)[group]
    times, spent = np.full(len(ms), np.nan), np.zeros(groups, int)
    if counts.any():
        own = np.unique(sample[counts], return_inverse=True)[1]
        times[counts] = ms[counts] / medians_of(ms[counts], own)[own]
        home = np.zeros(own.max() + 1, int)
        home[own] = group[counts]
        spent += np.bincount(home, minlength=groups)
    first = np.cumsum(number) - number
    for places, terms in _with_terms(tokens, first, number, np.flatnonzero(~by_sample)):
        rows, size = first[places][:, None] + np.arange(terms.shape[1]), terms.shape[2]
        times[rows] = ms[rows] / _lines(ms[rows], terms)
        spent[places] = size
    return Relative(times, spent)


def at_one_level(ms: np.ndarray, group: np.ndarray, process: np.ndarray) -> np.ndarray:
    """Times as if all processes of a group were equally fast; all (requests,).

    All of them run the same samples. How far they lie apart is what intervals over processes tell; it is
    neither a drift nor the spread of requests. A drift that begins anew in each is not seen.
    """
    if process.max(initial=1) == 1:
        return ms
    group = np.unique(group, return_inverse=True)[1]
    cells = np.unique(group * (process.max() + 1) + process, return_inverse=True)[1]
    return ms * medians_of(ms, group)[group] / medians_of(ms, cells)[cells]


def medians_of(values: np.ndarray, group: np.ndarray) -> np.ndarray:
    """The median of each group 0 … n-1, none of them empty."""
    ordered = Ordered.of(values, group, int(group.max(initial=-1)) + 1)
    last = ordered.number - 1
    low, high = (ordered.values[ordered.first + at // 2] for at in (last, last + 1))
    return (low + high) / 2


def _with_terms(
    tokens: np.ndarray, first: np.ndarray, number: np.ndarray, wanted: np.ndarray
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Groups (n,) of one size and with the same terms, some at a time, and these: (n, size, terms).

    Terms are a constant, every quantity that differs, and the prompt's square where there is room
    for it: attention grows with the square of the prompt.
    """
    for size in np.unique(number[wanted]):
        if size < FEWEST:
            continue
        alike = wanted[number[wanted] == size]
        for some in np.array_split(alike, -(-len(alike) * size // REQUESTS_AT_ONCE)):
            own = tokens[first[some][:, None] + np.arange(size)]
            scaled = own / np.maximum(own.max(axis=1, keepdims=True), 1)
            varies = np.ptp(own, axis=1) > 0
            for pattern in np.unique(varies, axis=0):
                same = (varies == pattern).all(axis=1)
                columns = [np.ones((same.sum(), size, 1)), scaled[same][:, :, pattern]]
                number_of_terms = 1 + pattern.sum()
                if pattern[0] and size >= RECORDS_A_TERM * (number_of_terms + 1):
                    columns.append(scaled[same][:, :, :1] ** 2)
                terms = np.concatenate(columns, axis=2)
                if size >= RECORDS_A_TERM * terms.shape[2]:
                    yield some[same], terms


def _lines(ms: np.ndarray, terms: np.ndarray) -> np.ndarray:
    """Times on each group's line of least relative squares; slow outliers count less.

    As in ``stage_costs``. Both are (groups, requests).
    """
    expected = np.repeat(np.median(ms, axis=1, keepdims=True), ms.shape[1], axis=1)
    least = ms.min(axis=1, keepdims=True) / 2
    for _ in range(REWEIGHTINGS):
        weight = np.sqrt(huber_weights(ms / expected - 1)) / expected
        # Quantities may grow with one another: of all such lines the one of least coefficients.
        inverse = np.linalg.pinv(
            terms * weight[:, :, None], rcond=np.finfo(float).eps * ms.shape[1]
        )
        coefficients = inverse @ (ms * weight)[:, :, None]
        expected = np.maximum((terms @ coefficients)[:, :, 0], least)
    return expected
