"""Rows of a ``.json`` file: an array, an object that holds one, or JSON lines."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from ...errors import UserError
from .json_array import iterate_json_array
from .json_lines import parse_lines
from .rows import Expected, Found, Unreadable
from .strict_json import DECODER, as_row

SPLITS = ("train", "test", "validation", "valid", "val", "dev")


def read_json(path: Path, file: BinaryIO, expected: Expected) -> Iterator[Found]:
    """The rows of a file.

    Raises:
        UserError: it is not JSON, or holds no list of rows, or several and none is the split.
    """
    begin = file.tell()
    try:
        array = _starts_with_bracket(file)
        file.seek(begin)
        if array:
            yield from iterate_json_array(file)
            return
        yield from _rows_of_object(path, file.read(), expected)
    except (ValueError, RecursionError) as error:  # ValueError: also bytes that are not UTF-8
        reason = "nested too deep" if isinstance(error, RecursionError) else error
        raise UserError(f"{path}: not JSON ({reason})") from None


def _starts_with_bracket(file: BinaryIO) -> bool:
    while byte := file.read(1):
        if byte.strip():
            return byte == b"["
    return False


def _rows_of_object(path: Path, content: bytes, expected: Expected) -> Iterator[Found]:
    try:
        value = DECODER.decode(content.decode("utf-8"))
    except (ValueError, RecursionError):
        lines = content.splitlines()
        if not _is_row(next(parse_lines(lines), None)):
            raise
        yield from parse_lines(lines)
        return
    if isinstance(value, Unreadable):
        raise UserError(f"{path}: {value.why}; remove one")
    if not isinstance(value, dict):
        raise UserError(f"{path}: holds no list of rows")
    if not isinstance(value.get(expected.split), list) and expected.columns & value.keys():
        yield value  # JSON lines of one line
        return
    yield from map(as_row, _list_of_rows(path, value, expected.split))


def _is_row(found: Found | None) -> bool:
    """Whether the file's first line is an object of its own, as in JSON lines."""
    return isinstance(found, dict)


def _list_of_rows(path: Path, value: dict[str, Any], split: str) -> list[Any]:
    if split in value:
        if isinstance(value[split], list):
            return value[split]
        raise UserError(f"{path}: {split!r} holds no list of rows")
    lists = {name: inner for name, inner in value.items() if isinstance(inner, list)}
    names = ", ".join(ascii(name[:60]) for name in lists)
    rows = [name for name, inner in lists.items() if not inner or _holds_object(inner)]
    if not rows:
        raise UserError(f"{path}: holds no list of rows{f' (lists: {names})' if names else ''}")
    if len(rows) > 1 or rows[0].lower() in SPLITS:
        raise UserError(
            f"{path}: holds no list named {split!r} (lists: {names}); name the rows {split!r}"
        )
    return lists[rows[0]]


def _holds_object(inner: list[Any]) -> bool:
    return any(isinstance(item, dict | Unreadable) for item in inner)
