"""JSON without guesses: what it could mean in two ways is marked, and ends its row alone."""

from __future__ import annotations

import json
from typing import Any

from .rows import Found, Unreadable


def as_row(value: Any) -> Found:
    """A parsed value as a row, or why it is none."""
    if isinstance(value, Unreadable):
        return value.why
    return value if isinstance(value, dict) else "the row is not an object with columns"


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any] | Unreadable:
    """The last of two equal keys would win without a word."""
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    keys = [key for key, _ in pairs]
    twice = next(key for key in keys if keys.count(key) > 1)
    return Unreadable(f"the key {twice[:60]!a} stands twice in one object")


def _integer(digits: str) -> int | Unreadable:
    """Python refuses to read thousands of digits."""
    try:
        return int(digits)
    except ValueError:
        return Unreadable(f"a number has {len(digits)} digits")


DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_int=_integer)
