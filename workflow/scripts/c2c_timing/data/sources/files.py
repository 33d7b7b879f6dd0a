"""Rows out of files, by their endings. One bad line is one bad row, never the end."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

from ...errors import UserError
from .csv_files import read_csv
from .json_files import read_json
from .json_lines import parse_lines
from .rows import Expected, Found
from .tables import read_arrow, read_parquet
from .text_files import open_utf8

TEXTS = (".jsonl", ".json", ".csv", ".tsv")
TABLES = {".parquet": read_parquet, ".arrow": read_arrow}
FORMATS = (*TEXTS, *(f"{ending}.gz" for ending in TEXTS), *TABLES)
ARCHIVE = ".zip"
MAX_FILES = 20_000


def ending_of(path: Path) -> str:
    """``.csv``, or ``.csv.gz`` of a packed file."""
    name = Path(path.name.lower())
    return Path(name.stem).suffix + name.suffix if name.suffix == ".gz" else name.suffix


def stem_of(path: Path) -> str:
    """A file's name without its ending."""
    return path.name[: len(path.name) - len(ending_of(path))]


def read_file(path: Path, expected: Expected) -> Iterator[Found]:
    """The rows of one file, by its ending.

    Raises:
        UserError: the file as a whole is not what its ending says.
    """
    ending = ending_of(path)
    if ending not in FORMATS:
        raise UserError(f"{path}: unknown ending (choices: {', '.join(FORMATS)})")
    try:
        yield from TABLES[ending](path) if ending in TABLES else _read_text(path, expected)
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror or error})") from None


def _read_text(path: Path, expected: Expected) -> Iterator[Found]:
    ending = ending_of(path).removesuffix(".gz")
    with open_utf8(path) as file:
        if ending == ".jsonl":
            yield from parse_lines(file)
        elif ending == ".json":
            yield from read_json(path, file, expected)
        else:
            yield from read_csv(path, file, expected, "\t" if ending == ".tsv" else ",")


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
    return sorted(path for path in found if ending_of(path) in (*FORMATS, ARCHIVE))
