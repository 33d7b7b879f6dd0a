"""Which subject a row belongs to, where one file holds several."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

from ...cards.dataset_card import DatasetCard
from .rows import Found

LOOK_AT_ROWS = 100


def names_subjects(rows: Iterator[Found], card: DatasetCard) -> tuple[Iterator[Found], bool]:
    """The same rows, and whether the first ones say their subjects."""
    column = card.content.get("subject_column")
    first = list(itertools.islice(rows, LOOK_AT_ROWS))
    told = bool(column) and any(_told(row, str(column)) for row in first)
    return itertools.chain(first, rows), told


def only_subject(
    rows: Iterator[Found], card: DatasetCard, subject: str, strict: bool
) -> Iterator[Found]:
    """Rows of a subject. ``strict``: a row that says none is a bad one, else it is the subject's."""
    column, wanted = card.content.get("subject_column"), _spellings(card, subject)
    for row in rows:
        said = row.get(column) if column and isinstance(row, dict) else None
        if isinstance(said, str) and said:
            if fold(said) in wanted:
                yield row
        elif said not in (None, "") or (strict and isinstance(row, dict)):
            yield f"column {column!r} says no subject"
        else:
            yield row


def named_subject(card: DatasetCard, stem: str, subject: str) -> str | None:
    """The other subject that a file is named after, if it is."""
    if is_named(card, stem, subject):
        return None
    return next((other for other in card.subjects if is_named(card, stem, other)), None)


def is_named(card: DatasetCard, stem: str, subject: str) -> bool:
    """Whether a file is named after a subject."""
    return fold(stem.removesuffix(f".{card.hub['split']}")) in _spellings(card, subject)


def _told(row: Found, column: str) -> bool:
    return isinstance(row, dict) and row.get(column) not in (None, "")


def fold(name: Any) -> str:
    """A subject as it is compared: spellings differ in case and in blanks."""
    return str(name).strip().lower().replace(" ", "_")


def _spellings(card: DatasetCard, subject: str) -> set[str]:
    return {fold(subject), fold(card.native_name(subject))}
