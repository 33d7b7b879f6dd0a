"""Which rows are timed: the first, or a sample drawn from a seed."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

from .sources import Row

POOL_ROWS = 10_000
# A row, alone or with what a command knows of it.
OneRow = TypeVar("OneRow")


def select_rows(
    rows: Iterable[OneRow], num_samples: int | None, selection: str = "first", seed: int = 0
) -> list[OneRow]:
    """The rows of a run, in their original order; they depend on the rows and the seed alone.

    ``first`` stops reading after ``num_samples``. ``sample`` draws without replacement from the
    first ``POOL_ROWS`` rows, so that a stream of millions is never read to its end.
    """
    if num_samples is None:
        return list(rows)
    if selection == "first":
        return list(itertools.islice(rows, num_samples))
    pool = list(itertools.islice(rows, POOL_ROWS))
    if len(pool) <= num_samples:
        return pool
    chosen = sorted(random.Random(seed).sample(range(len(pool)), num_samples))
    return [pool[index] for index in chosen]


def with_others(rows: Sequence[Row]) -> list[Row]:
    """Each row with the nearest readable one before it; before the first comes the last.

    Rows and order alone decide, so that a resumed run gives each row the same one.
    """

    def other_of(place: int) -> Row | None:
        before = (rows[place - step] for step in range(1, len(rows)))
        return next((row for row in before if row.problem is None), None)

    return [replace(row, other=other_of(place)) for place, row in enumerate(rows)]
