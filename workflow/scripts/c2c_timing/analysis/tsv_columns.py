"""Columns of tables as files have them: names that no query has to quote, counts as whole numbers."""

from __future__ import annotations

import pandas as pd

from .columns import SETTING

CONFIG = "model_config."
COUNTS = (
    *("count", "samples", "failed", "flagged", "judged"),
    *("num_samples", "num_pairs", "num_records", "num_requests", "samples_to_decide"),
    *("old_num_processes", "new_num_processes", "new_num_samples"),
    *("num_cold_requests", "pays_after_requests"),
)


def plain(name: str) -> str:
    """A column of a record's setting without the dot that SQL would have to quote."""
    return name.removeprefix(CONFIG)


def as_written(table: pd.DataFrame) -> pd.DataFrame:
    """``model_config.device`` becomes ``device``; a count is whole where others are missing, too."""
    names = {name: plain(name) for name in table if plain(name) not in table}
    counts = {name: pd.to_numeric(table[name]).astype("Int64") for name in COUNTS if name in table}
    return table.assign(**counts).rename(columns=names)


def as_read(table: pd.DataFrame) -> pd.DataFrame:
    """The setting under the names that records have; files of earlier versions have them, too."""
    names = {plain(name): name for name in SETTING if name not in table}
    return table.rename(columns=names)
