"""What every source yields."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from ..cards import DatasetCard


@dataclass(frozen=True)
class SourceSpec:
    """Where rows are read.

    Attributes:
        kind: ``builtin``, ``hub`` or ``local``.
        data_path: file or folder, for ``local``.
        revision: pinned revision on the Hub; None takes the newest.
        split: None takes the card's.
    """

    kind: str
    data_path: str | None = None
    revision: str | None = None
    split: str | None = None


@dataclass(frozen=True)
class Row:
    """One row in native columns, or what is wrong with it.

    Attributes:
        other: another row of the shard, for methods that need one.
    """

    id: str
    values: dict[str, Any] | None
    problem: str | None = None
    other: Row | None = None


Found = dict[str, Any] | str
"""A row's values, or a sentence that says why it cannot be read."""


def with_ids(found: Iterable[Found], card: DatasetCard, subject: str) -> Iterator[Row]:
    """Name each row by its own id column, else by its place; a repeated id gets a number."""
    seen: Counter[str] = Counter()
    column = card.content.get("id_column")
    for index, values in enumerate(found):
        own = values.get(column) if isinstance(values, dict) and column else None
        name = str(own) if own not in (None, "") else f"{card.name}/{subject}/{index}"
        seen[name] += 1
        if seen[name] > 1:
            name = f"{name}#{seen[name]}"
        if isinstance(values, dict):
            yield Row(name, values)
        else:
            yield Row(name, None, values)
