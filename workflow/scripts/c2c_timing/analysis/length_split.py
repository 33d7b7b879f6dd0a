"""Of a speed-up at natural length: what the method saved, and what a shorter or longer answer saved.

A record tells what its request would have taken for an answer of another length, as long as its steps
go on at their mean: all but decoding, and the mean step for each token. So both sides can be taken to
the length of the one and to that of the other; the mean of both, on logarithms, favours neither side,
and turns around where the sides do (Shapley's division of a whole between two causes). What remains of
the whole is the answer's length: per sample the two multiply to the whole, and so do their geometric
means.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd


class Side(NamedTuple):
    """Requests of one method and runtime, all (requests,); NaN where one is not there."""

    total_time_ms: np.ndarray
    decode_total_ms: np.ndarray
    num_generated_tokens: np.ndarray

    @classmethod
    def of(cls, columns: Mapping[str, pd.Series | None], requests: int) -> Side:
        """Of the columns that there are."""
        found = {name: columns.get(name) for name in cls._fields}
        unknown = np.full(requests, np.nan)
        return cls(*(unknown if c is None else c.to_numpy(float) for c in found.values()))

    def at(self, rows: slice) -> Side:
        """Some of the requests."""
        return Side(*(column[rows] for column in self))

    def ms_for(self, tokens: np.ndarray) -> np.ndarray:
        """What they would have taken for answers of so many tokens."""
        without = self.total_time_ms - self.decode_total_ms
        return without + self.decode_total_ms / self.num_generated_tokens * tokens


def at_equal_length(own: Side, other: Side) -> np.ndarray:
    """(requests,), the logarithm of how many times longer the other side takes for as long an answer."""
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = [
            np.log(other.ms_for(tokens) / own.ms_for(tokens))
            for tokens in (own.num_generated_tokens, other.num_generated_tokens)
        ]
    found = np.mean(logs, axis=0)
    return np.where(np.isfinite(found), found, np.nan)
