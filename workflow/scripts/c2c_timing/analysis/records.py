"""Records as they lie on disk, and as rows of a table."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from ..errors import UserError

SCHEMA = Path(__file__).resolve().parents[3] / "schemas" / "record.schema.yaml"
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
    "teacher_decode_step_times_ms": None,
}


def read_records(path: Path) -> Iterator[dict[str, Any]]:
    """The valid records of one ``*_timing.jsonl``.

    Raises:
        UserError: a line is no record; names file, line and reason.
    """
    validator = _validator()
    for number, record in _read_lines(path):
        error = jsonschema.exceptions.best_match(validator.iter_errors(record))
        if error:
            where = ".".join(map(str, error.absolute_path)) or "record"
            raise UserError(f"{path}:{number}: {where}: {error.message[:200]}")
        yield record


def read_errors(timing_path: Path) -> Iterator[dict[str, Any]]:
    """The failed samples beside a shard's records; none where there is no such file."""
    path = timing_path.with_name(f"{timing_path.stem.removesuffix('_timing')}_errors.jsonl")
    if path.is_file():
        for _, error in _read_lines(path):
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
                    yield number, json.loads(line)
                except json.JSONDecodeError as error:
                    raise UserError(f"{path}:{number}: not JSON ({error.msg})") from None
    except UnicodeDecodeError:
        raise UserError(f"{path}: not UTF-8") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from None


@functools.cache
def _validator() -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(yaml.safe_load(SCHEMA.read_text(encoding="utf-8")))
