"""Lines of a shard's files: its records, checked, and its failures."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from pydantic_core import from_json

from ..cards.quick_checks import quick_check
from ..cards.schemas import explained, first_problem
from ..cards.subject_names import subject_today
from ..errors import UserError
from ..shard_names import errors_file, errors_file_beside
from .alike import Alike, Keys
from .columns import ERROR_COLUMNS, IDENTITY, PADDING, STEPS

SCHEMA = "record.schema.yaml"
# What records may lack, and what its absence means.
OPTIONAL: dict[str, Any] = {
    "length_view": "natural",
    "repeat": 1,
    "process": 1,
    "possible_looks": 1,
    "residual_flag": False,
    "correct": None,
    "prompt_truncated": None,
    "message_length": None,
    "teacher_prompt_length": None,
    "peak_memory_bytes": None,
    "other_runtimes_bytes": None,
    "scratch_bytes": None,
    **dict.fromkeys(PADDING),
    "row_digest": None,
    "started_at": None,
    "source": None,
    "wanted_prompt_length": None,
    **dict.fromkeys(STEPS),
}
_REQUEST = (*IDENTITY, "id", "repeat", "process", "row_digest")
# Of lines that are checked together.
BYTES_TOGETHER = 500_000

# A line's number, the line, and what it says.
_Parsed = tuple[int, bytes, Any]


class Line(NamedTuple):
    """A record, and where it stands.

    Attributes:
        keys: of the record.
        cells: its values, in the order of ``keys.columns``.
        config: the place of its ``model_config`` among ``Alike.configs``.
        number: of its line, from 1.
        size: of its line, in bytes.
        digest: of its line as it stands; the same in this process and in those that it forks.
        prompt: the same of its prompt.
        has_message: whether a teacher wrote to the base.
    """

    keys: Keys
    cells: tuple
    config: int
    number: int
    size: int
    digest: int
    prompt: int
    has_message: bool


def read_records(path: Path, alike: Alike) -> Iterator[Line]:
    """The valid records of one ``*_timing.jsonl``.

    Args:
        alike: of all files that are read together; it learns of these records.

    Raises:
        UserError: a line is no record; names file, line and reason.
    """
    seen: dict[tuple, tuple[int, int]] = {}
    for number, line, record in _checked(path):
        keys, config = alike.keys(record), alike.config(record)
        if keys.clash:
            raise UserError(f"{path}:{number}: {keys.clash}: stands in the record twice")
        digest = hash(line.rstrip())
        request = (config, *map(record.get, _REQUEST))
        same, known = seen.setdefault(request, (number, digest))
        # An equal one is a copy, which counts once; its keys may stand in another order.
        if known != digest and _line_at(path, same) != record:
            raise UserError(f"{path}:{number}: the same request as line {same}; remove one of them")
        prompt, has_message = hash(record["prompt"]), record.get("message") is not None
        cells = _cells(record)
        yield Line(keys, cells, config, number, len(line), digest, prompt, has_message)


def _checked(path: Path) -> Iterator[_Parsed]:
    """The lines of a file, each of which is a record as its schema says."""
    surely_fit = quick_check(SCHEMA)
    for lines in _together(_read_lines(path)):
        are_sure = surely_fit([record for *_, record in lines])
        for number, line, record in lines:
            is_sure = are_sure or surely_fit([record])
            if not is_sure and (problem := first_problem(record, SCHEMA)):
                raise UserError(f"{path}:{number}: {explained(problem, 'record')}")
            yield number, line, record


def _together(lines: Iterable[_Parsed]) -> Iterator[list[_Parsed]]:
    """Some lines at a time; what stands before a wrong line comes before its error."""
    some: list[_Parsed] = []
    size = 0
    try:
        for line in lines:
            some.append(line)
            size += len(line[1])
            if size > BYTES_TOGETHER:
                yield some
                some, size = [], 0
    except UserError:
        yield some
        raise
    yield some


def _cells(record: dict[str, Any]) -> tuple:
    """What a record's columns hold; takes it apart."""
    config, timing = record.pop("model_config"), record.pop("timing")
    record["subject"] = subject_today(record["subject"])
    return (*record.values(), *config.values(), *timing.values())


def content_at(path: Path, numbers: Collection[int]) -> dict[int, bytes]:
    """Digests of the records of some lines, the same for whatever order their keys stand in."""
    found = {}
    for number, _, record in _read_lines(path):
        if number in numbers:
            record["subject"] = subject_today(record["subject"])
            found[number] = content_of(record)
    return found


def content_of(value: Any) -> bytes:
    """The same of a value."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).digest()


def _line_at(path: Path, number: int) -> Any:
    return next(value for at, _, value in _read_lines(path) if at == number)


def read_errors(timing_path: Path) -> Iterator[dict[str, Any]]:
    """The failed samples of a shard, also those that an earlier version left beside its records.

    Raises:
        UserError: a line is no failed sample.
    """
    path = errors_file(timing_path)
    if not path.is_file():
        path = errors_file_beside(timing_path)
    if not path.is_file():
        return
    for number, _, error in _read_lines(path):
        if not isinstance(error, dict):
            raise UserError(f"{path}:{number}: is no failed sample (an object with columns)")
        failed = {column: error.get(column) for column in ERROR_COLUMNS}
        if isinstance(failed["subject"], str):
            failed["subject"] = subject_today(failed["subject"])
        yield failed


def _read_lines(path: Path) -> Iterator[tuple[int, bytes, Any]]:
    try:
        with path.open("rb", buffering=1 << 18) as file:
            for number, line in enumerate(file, 1):
                try:
                    value = _parsed(line)
                except UnicodeDecodeError:
                    raise
                except (ValueError, RecursionError) as error:  # also a number of 5,000 digits
                    raise UserError(f"{path}:{number}: not JSON ({error})") from None
                yield number, line, value
    except UnicodeDecodeError:
        raise UserError(f"{path}: not UTF-8") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from None


def _parsed(line: bytes) -> Any:
    try:
        return from_json(line, allow_inf_nan=False, cache_strings="all")
    except (ValueError, RecursionError):
        pass  # the slower way says what is wrong, if anything is
    value = json.loads(line.decode("utf-8"))
    if b"\\ud" in line:  # may be half a character, which no table can hold
        json.dumps(value, ensure_ascii=False).encode()
    return value
