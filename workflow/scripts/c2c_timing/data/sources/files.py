"""Rows out of JSONL, JSON, CSV and Parquet. One bad line is one bad row, never the end."""

from __future__ import annotations

import ast
import csv
import itertools
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from ...errors import UserError
from .rows import Found

FORMATS = (".jsonl", ".json", ".csv", ".parquet")
MAX_FILES = 20_000


def read_file(path: Path) -> Iterator[Found]:
    """The rows of one file, by its ending.

    Raises:
        UserError: the file as a whole is not what its ending says.
    """
    reader = {".jsonl": _read_jsonl, ".json": _read_json, ".csv": _read_csv,
              ".parquet": _read_parquet}.get(path.suffix.lower())  # fmt: skip
    if reader is None:
        raise UserError(f"{path}: unknown ending (choices: {', '.join(FORMATS)})")
    try:
        yield from reader(path)
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror or error})") from None


def data_files(folder: Path) -> list[Path]:
    """A file itself; every file of a folder, at any depth, that could hold rows.

    Raises:
        UserError: there is far too much in it: somebody's home, or the whole disk.
    """
    try:
        if folder.is_file():
            return [folder]
        found = list(itertools.islice(folder.rglob("*"), MAX_FILES + 1))
    except (OSError, ValueError) as error:  # ValueError: a name with a NUL
        raise UserError(f"{folder}: cannot be read ({error})") from None
    if len(found) > MAX_FILES:
        raise UserError(f"{folder}: holds more than {MAX_FILES} files; name the folder of the rows")
    return sorted(path for path in found if path.suffix.lower() in FORMATS)


def parse_lines(lines: Iterable[bytes]) -> Iterator[Found]:
    """JSON lines; blank ones are passed over."""
    for line in lines:
        if not line.strip():
            continue
        try:
            value = json.loads(line.decode("utf-8"))
        except UnicodeDecodeError:
            yield "the line is not UTF-8"
        except (ValueError, RecursionError):  # ValueError: also a number of thousands of digits
            yield "the line is not JSON"
        else:
            yield _as_row(value)


def _as_row(value: Any) -> Found:
    return value if isinstance(value, dict) else "the row is not an object with columns"


def _read_jsonl(path: Path) -> Iterator[Found]:
    with path.open("rb") as file:
        yield from parse_lines(file)


def _read_json(path: Path) -> Iterator[Found]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise UserError(f"{path}: not JSON ({error})") from None
    if isinstance(content, dict):
        content = next((value for value in content.values() if isinstance(value, list)), None)
    if not isinstance(content, list):
        raise UserError(f"{path}: holds no list of rows")
    yield from map(_as_row, content)


def _read_csv(path: Path) -> Iterator[Found]:
    csv.field_size_limit(1 << 30)
    try:
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                if None in row or None in row.values():
                    yield "the line has another number of columns than the header"
                else:
                    yield {column: _literal(text) for column, text in row.items()}
    except (UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{path}: not CSV in UTF-8 ({error})") from None


def _literal(text: str) -> Any:
    """Lists and dicts are written into a CSV cell as JSON or as Python literals."""
    if text[:1] not in "[{" or not text:
        return text
    for parse in (json.loads, ast.literal_eval):
        try:
            return parse(text)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
    return text


def _read_parquet(path: Path) -> Iterator[Found]:
    import pyarrow
    import pyarrow.parquet

    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=1000):
                yield from batch.to_pylist()
    except (pyarrow.ArrowException, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise UserError(f"{path}: not a readable Parquet file ({reason})") from None
