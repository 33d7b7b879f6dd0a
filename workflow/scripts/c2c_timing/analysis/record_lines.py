"""Lines of a shard's files: its records, checked and made flat, and its failures."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

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


def read_records(path: Path) -> Iterator[dict[str, Any]]:
    """The valid records of one ``*_timing.jsonl``.

    Raises:
        UserError: a line is no record; names file, line and reason.
    """
    lines: dict[tuple, tuple[int, dict[str, Any]]] = {}
    for number, record in _read_lines(path):
        problem = first_problem(record, SCHEMA)
        if problem:
            raise UserError(f"{path}:{number}: {explained(problem, 'record')}")
        clash = {
            key for key in record if key in record["timing"] or key.startswith("model_config.")
        }
        if clash:
            raise UserError(f"{path}:{number}: {min(clash)}: stands in the record twice")
        same, known = lines.setdefault(_request_of(record), (number, record))
        if known != record:  # an equal one is a copy, which counts once
            raise UserError(f"{path}:{number}: the same request as line {same}; remove one of them")
        record["subject"] = subject_today(record["subject"])
        yield record


def read_errors(timing_path: Path) -> Iterator[dict[str, Any]]:
    """The failed samples of a shard, also those that an earlier version left beside its records.

    Raises:
        UserError: a line is no failed sample, or the shard's run counts some and their file is gone.
    """
    path = errors_file(timing_path)
    if not path.is_file():
        path = errors_file_beside(timing_path)
    if not path.is_file():
        return
    for number, error in _read_lines(path):
        if not isinstance(error, dict):
            raise UserError(f"{path}:{number}: is no failed sample (an object with columns)")
        failed = {column: error.get(column) for column in ERROR_COLUMNS}
        if isinstance(failed["subject"], str):
            failed["subject"] = subject_today(failed["subject"])
        yield failed


def flatten(record: dict[str, Any]) -> dict[str, Any]:
    """One flat row: timing keys as they are, model_config keys with their prefix."""
    row = {k: v for k, v in record.items() if k not in ("timing", "model_config")}
    row |= {f"model_config.{key}": value for key, value in record["model_config"].items()}
    return row | record["timing"]


def _read_lines(path: Path) -> Iterator[tuple[int, Any]]:
    try:
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                try:
                    value = json.loads(line)
                    if "\\ud" in line:  # may be half a character, which no table can hold
                        json.dumps(value, ensure_ascii=False).encode()
                except (ValueError, RecursionError) as error:  # also a number of 5,000 digits
                    raise UserError(f"{path}:{number}: not JSON ({error})") from None
                yield number, value
    except UnicodeDecodeError:
        raise UserError(f"{path}: not UTF-8") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from None


def _request_of(record: dict[str, Any]) -> tuple:
    keys = (*IDENTITY, "id", "repeat", "row_digest")
    config = sorted(record["model_config"].items())
    return (*map(record.get, keys), repr(config))
