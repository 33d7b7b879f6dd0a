"""The first step of every record's decoding: of very many records no more is read of their steps."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ..stages import PER_TOKEN, Stage

_COLUMNS = {stage: f"{stage.value}_first_step_ms" for stage in PER_TOKEN}
FIRST_STEPS = list(_COLUMNS.values())


def read_first_steps(path: Path, columns: Collection[str]) -> dict[str, np.ndarray | float]:
    """Those of ``FIRST_STEPS`` that are asked for: (records,) of all records of a file, in ms, or NaN."""
    there = pq.read_schema(path).names
    return {
        name: _read(path, stage.steps_key) if stage.steps_key in there else np.nan
        for stage, name in _COLUMNS.items()
        if name in columns
    }


def first_steps(records: pd.DataFrame, stage: Stage) -> np.ndarray:
    """(records,), in ms; NaN where there are no steps. The records have these, or the first of them."""
    name = _COLUMNS[stage]
    own = records[name] if name in records else records[stage.steps_key].map(_first)
    return own.to_numpy(float)


def _first(steps: object) -> float:
    return float(steps[0]) if isinstance(steps, np.ndarray | list) and len(steps) else np.nan


def _read(path: Path, key: str | None) -> np.ndarray:
    with pq.ParquetFile(path) as file:
        parts = [_firsts(batch.column(0)) for batch in file.iter_batches(columns=[key])]
    return np.concatenate([np.empty(0), *parts])


def _firsts(column: pa.Array) -> np.ndarray:
    steps = column.cast(pa.list_(pa.float64()))  # where no record has any, it is of no type
    found = np.full(len(steps), np.nan)
    has_any = pc.greater(steps.value_lengths().fill_null(0), 0).to_numpy(zero_copy_only=False)
    found[has_any] = pc.list_element(steps.filter(pa.array(has_any)), 0).to_numpy(
        zero_copy_only=False
    )
    return found
