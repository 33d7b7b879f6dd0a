"""Lines of a shard's files: its records, checked, and its failures."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic_core import from_json

from ..cards.quick_checks import quick_check
from ..cards.schemas import explained, first_problem
from ..cards.subject_names import subject_today
from ..errors import UserError
from ..shard_names import errors_file, errors_file_beside
from .columns import ERROR_COLUMNS, IDENTITY, PADDING, STEPS

SCHEMA = "record.schema.yaml"
# What records may lack, and what its absence means.
OPTIONAL: dict[str, Any] = {
    "length_view": "natural",
    "repeat": 1,
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
_REQUEST = (*IDENTITY, "id", "repeat", "row_digest")


@dataclass(frozen=True, slots=True)
class Line:
    """A record, and where it stands.

    Attributes:
        number: of its line, from 1.
        size: of its line, in bytes.
        digest: of its line, whatever the order of keys in it.
    """

    number: int
    size: int
    digest: int
    record: dict[str, Any]


def read_records(path: Path) -> Iterator[Line]:
    """The valid records of one ``*_timing.jsonl``.

    Raises:
        UserError: a line is no record; names file, line and reason.
    """
    surely_fits = quick_check(SCHEMA)
    apart: dict[tuple, bool] = {}
    seen: dict[tuple, tuple[int, int]] = {}
    for number, line, record in _read_lines(path):
        if not surely_fits(record) and (problem := first_problem(record, SCHEMA)):
            raise UserError(f"{path}:{number}: {explained(problem, 'record')}")
        keys = (*record, None, *record["timing"])
        if keys not in apart:
            apart[keys] = not (clash := _clash(record))
            if clash:
                raise UserError(f"{path}:{number}: {clash}: stands in the record twice")
        digest = small_digest(line.rstrip())
        same, known = seen.setdefault(_request_of(record), (number, digest))
        # An equal one is a copy, which counts once; its keys may stand in another order.
        if known != digest and _line_at(path, same) != record:
            raise UserError(f"{path}:{number}: the same request as line {same}; remove one of them")
        record["subject"] = subject_today(record["subject"])
        yield Line(number, len(line), digest, record)


def small_digest(content: bytes) -> int:
    """64 bits, as a table's whole number: for what is compared where much else is equal already."""
    return int.from_bytes(hashlib.sha256(content).digest()[:8], "little", signed=True)


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


def _clash(record: dict[str, Any]) -> str | None:
    clash = {key for key in record if key in record["timing"] or key.startswith("model_config.")}
    return min(clash) if clash else None


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
        with path.open("rb") as file:
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
        return from_json(line, allow_inf_nan=False, cache_strings="keys")
    except (ValueError, RecursionError):
        pass  # the slower way says what is wrong, if anything is
    value = json.loads(line.decode("utf-8"))
    if b"\\ud" in line:  # may be half a character, which no table can hold
        json.dumps(value, ensure_ascii=False).encode()
    return value


def _request_of(record: dict[str, Any]) -> tuple:
    config = record["model_config"]
    try:
        told = (*config.values(), *config)
        hash(told)
    except TypeError:  # a list or an object in it
        told = (repr(sorted(config.items())),)
    return (*map(record.get, _REQUEST), *told)
