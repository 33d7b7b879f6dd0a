"""Whether times rise or fall with their order: the test of Mann (Econometrica 13, 1945).

It is Kendall's tau against the order. Where no two times are equal it follows from their number and from
how many more pairs of them rise than fall, which is soon counted for many rows of times at once.
"""

from __future__ import annotations

import functools

import numpy as np

# The test's level; with many rows some show a trend by chance, so it is a strict one.
LEVEL = 0.01
# Standard errors of the number of rises; those of the level are 2.6.
SURELY_NONE = 2.0
# Of more times every pair would be too many; the test itself sorts them.
FEW_TIMES = 200
# Pairs that are looked at together.
PAIRS_AT_ONCE = 4_000_000


def trends(times: np.ndarray) -> np.ndarray:
    """Whether each row of times (rows, n) has a trend."""
    rows, n = times.shape
    if n > FEW_TIMES:
        return np.array([_test(np.arange(n), row) < LEVEL for row in times], bool)
    parts = np.array_split(times, max(1, -(-rows * n * n // PAIRS_AT_ONCE)))
    return np.concatenate([_of_few(part) for part in parts])


def _of_few(times: np.ndarray) -> np.ndarray:
    n = times.shape[1]
    signs = np.sign(times[:, None, :] - times[:, :, None]).astype(np.int8)
    rises = np.triu(signs, 1).sum(axis=(1, 2))
    has_ties = (np.diff(np.sort(times, axis=1), axis=1) == 0).any(axis=1)
    # Far from any trend the test itself, which takes long, would say the same.
    is_near = np.abs(rises) >= SURELY_NONE * np.sqrt(n * (n - 1) * (2 * n + 5) / 18)
    found = np.zeros(len(times), bool)
    for row in np.flatnonzero(has_ties | is_near):
        p = _test(np.arange(n), times[row]) if has_ties[row] else _level_of(n, int(rises[row]))
        found[row] = p < LEVEL
    return found


@functools.cache
def _level_of(n: int, rises: int) -> float:
    """The level at which so many more pairs of ``n`` times rise than fall."""
    falls = (n * (n - 1) // 2 - rises) // 2
    left, order = list(range(n)), []
    while left:  # an order with so many falls
        place = min(falls, len(left) - 1)
        order.append(left.pop(place))
        falls -= place
    return _test(np.arange(n), np.array(order))


def _test(order: np.ndarray, times: np.ndarray) -> float:
    from scipy.stats import kendalltau  # slow to import: only the summary needs it

    return float(kendalltau(order, times).pvalue)  # NaN for no spread
