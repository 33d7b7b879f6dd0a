"""Times beside what they should have been, so that requests of different lengths can be compared.

A request is compared with the others of its own sample where there are several, and with a line
through the lengths where there is one a sample.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .stage_costs import huber_weights

# Fewer requests show neither spread nor trend.
FEWEST = 8
# Requests for each quantity of the line: fewer, and the line goes through whatever they are.
RECORDS_A_TERM = 4
REWEIGHTINGS = 5


@dataclass(frozen=True)
class Relative:
    """Times in units of what was expected.

    Attributes:
        times: (requests,), 1 where a request took as long as expected; in the order of the input.
        spent: degrees of freedom that the expectation took: samples, or terms of the line.
    """

    times: np.ndarray
    spent: int


def relative_times(ms: np.ndarray, sample: np.ndarray, tokens: np.ndarray) -> Relative | None:
    """Times over the median of their own sample, or over the line; None where there are too few.

    Where most requests have others of their sample beside them, those alone count.

    Args:
        ms: (requests,), in the order in which they were made.
        sample: (requests,), which sample a request belongs to, 0 … n-1.
        tokens: (requests, quantities), the prompt's length first; what the time may grow with.
    """
    has_others = np.bincount(sample)[sample] > 1 if len(sample) else np.empty(0, bool)
    if has_others.sum() * 2 > len(ms):
        ms, sample = ms[has_others], sample[has_others]
        if len(ms) < FEWEST:
            return None
        sample = np.unique(sample, return_inverse=True)[1]
        return Relative(ms / medians_of(ms, sample)[sample], sample.max() + 1)
    terms = _terms(tokens)
    if len(ms) < max(FEWEST, RECORDS_A_TERM * terms.shape[1]):
        return None
    return Relative(ms / _line(ms, terms), terms.shape[1])


def medians_of(values: np.ndarray, group: np.ndarray) -> np.ndarray:
    """The median of each group 0 … n-1, none of them empty."""
    ordered = values[np.lexsort((values, group))]
    sizes = np.bincount(group)
    first = np.cumsum(sizes) - sizes
    return (ordered[first + (sizes - 1) // 2] + ordered[first + sizes // 2]) / 2


def _terms(tokens: np.ndarray) -> np.ndarray:
    """A constant, every quantity that differs, and the prompt's square where there is room for it.

    Attention grows with the square of the prompt.
    """
    scaled = tokens / np.maximum(tokens.max(axis=0, initial=1), 1)
    varies = np.ptp(tokens, axis=0) > 0 if len(tokens) else np.zeros(tokens.shape[1], bool)
    columns = [np.ones(len(tokens)), *scaled.T[varies]]
    if varies[0] and len(tokens) >= RECORDS_A_TERM * (len(columns) + 1):
        columns.append(scaled[:, 0] ** 2)
    return np.stack(columns, axis=1)


def _line(ms: np.ndarray, terms: np.ndarray) -> np.ndarray:
    """Times on the line of least relative squares, as in ``stage_costs``; slow outliers count less."""
    expected = np.full_like(ms, np.median(ms))
    for _ in range(REWEIGHTINGS):
        weight = np.sqrt(huber_weights(ms / expected - 1)) / expected
        coefficients = np.linalg.lstsq(terms * weight[:, None], ms * weight, rcond=None)[0]
        expected = np.maximum(terms @ coefficients, ms.min() / 2)
    return expected
