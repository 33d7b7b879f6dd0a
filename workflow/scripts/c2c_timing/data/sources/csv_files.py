"""Rows of CSV and TSV. Only columns that hold lists by their card are read as more than text."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from ...errors import UserError
from .list_cells import read_list_cell
from .rows import Expected, Found


def read_csv(path: Path, file: BinaryIO, expected: Expected, delimiter: str) -> Iterator[Found]:
    """The rows below the header.

    Raises:
        UserError: not UTF-8, or a header that names a column twice.
    """
    csv.field_size_limit(1 << 30)
    text = io.TextIOWrapper(file, encoding="utf-8", newline="")
    lines = csv.reader(text, delimiter=delimiter, strict=True)
    try:
        header = next(lines, [])
        twice = {name for name in header if header.count(name) > 1}
        if twice:
            raise UserError(f"{path}: columns stand twice in the header ({', '.join(twice)})")
        yield from _rows(lines, header, expected)
    except (UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{path}: not CSV in UTF-8 ({error})") from None
    finally:
        text.detach()


def _rows(lines: Iterator[list[str]], header: list[str], expected: Expected) -> Iterator[Found]:
    while True:
        try:
            cells = next(lines, None)
        except csv.Error as error:
            yield f"the line is not CSV ({error})"
            continue
        if cells is None:
            return
        if len(cells) == len(header):
            yield _row(dict(zip(header, cells, strict=True)), expected)
        elif cells:
            yield "the line has another number of columns than the header"


def _row(cells: dict[str, str], expected: Expected) -> Found:
    row: dict[str, Any] = {}
    for column, cell in cells.items():
        try:
            row[column] = read_list_cell(cell) if column in expected.lists else cell
        except ValueError as error:
            return f"column {column!r} holds a list that cannot be read ({error}); write it as JSON"
    return row
