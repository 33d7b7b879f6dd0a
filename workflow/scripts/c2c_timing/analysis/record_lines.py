"""Records as they lie on disk, and as rows of a table."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..cards.schemas import explained, first_problem
from ..errors import UserError

SCHEMA = "record.schema.yaml"
IDENTITY = ["pair", "method", "runtime", "length_view", "dataset", "subject"]
SAMPLE = ["dataset", "subject", "id"]
SETTING = ["model_config.device", "model_config.dtype", "model_config.weights"]
# What is compared or fitted together: one pair, executed in one way, on one device.
CONDITIONS = ["pair", "runtime", *SETTING, "length_view"]
# As figures, tables and the report call them.
METHOD_NAMES = {
    "base": "base alone",
    "teacher": "teacher alone",
    "t2t": "text-to-text",
    "c2c": "C2C",
    "c2c_closed": "C2C, gates closed",
    "c2c_shuffled": "C2C, another sample's cache",
}
ERROR_COLUMNS = ["pair", "dataset", "subject", "method", "id", "stage", "error_type", "message"]
# The most read first.
TIMING_KEYS = [
    "total_time_ms",
    "wall_time_ms",
    "ttft_ms",
    "tpot_ms",
    "tokens_per_second",
    "decode_avg_ms",
    "decode_total_ms",
    "num_generated_tokens",
    "base_prefill_ms",
    "teacher_prefill_ms",
    "projector_total_ms",
    "projector_avg_ms",
    "projector_calls",
    "base_embedding_ms",
    "teacher_embedding_ms",
    "teacher_decode_total_ms",
    "num_teacher_tokens",
    "handover_ms",
    "residual_ms",
    "tokenize_ms",
]
# In the order in which a request goes through them.
STAGES = [
    "base_embedding_ms",
    "base_prefill_ms",
    "teacher_embedding_ms",
    "teacher_prefill_ms",
    "projector_total_ms",
    "teacher_decode_total_ms",
    "handover_ms",
    "decode_total_ms",
]
# What records may lack, and what its absence means.
OPTIONAL = {
    "length_view": "natural",
    "repeat": 1,
    "residual_flag": False,
    "correct": None,
    "message_length": None,
    "teacher_prompt_length": None,
    "peak_memory_bytes": None,
    "teacher_decode_step_times_ms": None,
}


def read_records(path: Path) -> Iterator[dict[str, Any]]:
    """The valid records of one ``*_timing.jsonl``.

    Raises:
        UserError: a line is no record; names file, line and reason.
    """
    lines: dict[tuple, int] = {}
    for number, record in _read_lines(path):
        problem = first_problem(record, SCHEMA)
        if problem:
            raise UserError(f"{path}:{number}: {explained(problem, 'record')}")
        clash = {
            key for key in record if key in record["timing"] or key.startswith("model_config.")
        }
        if clash:
            raise UserError(f"{path}:{number}: {min(clash)}: stands in the record twice")
        same = lines.setdefault(_request_of(record), number)
        if same != number:
            raise UserError(f"{path}:{number}: the same request as line {same}; remove one of them")
        yield record


def read_errors(timing_path: Path) -> Iterator[dict[str, Any]]:
    """The failed samples beside a shard's records; none where there is no such file."""
    path = timing_path.with_name(f"{timing_path.stem.removesuffix('_timing')}_errors.jsonl")
    if path.is_file():
        for number, error in _read_lines(path):
            if not isinstance(error, dict):
                raise UserError(f"{path}:{number}: is no failed sample (an object with columns)")
            yield {column: error.get(column) for column in ERROR_COLUMNS}


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
    config = record["model_config"]
    keys = (*IDENTITY, "id", "length_view", "repeat")
    return (*map(record.get, keys), config["device"], config["dtype"], config["weights"])
