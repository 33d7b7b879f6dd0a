"""Columns of tables as files have them: names that no query has to quote, counts as whole numbers."""

from __future__ import annotations

import pandas as pd

from .columns import SETTING

CONFIG = "model_config."
COUNTS = (
    *("count", "samples", "failed", "flagged", "judged"),
    *("num_samples", "num_pairs", "num_records", "num_requests"),
)


def as_written(table: pd.DataFrame) -> pd.DataFrame:
    """``model_config.device`` becomes ``device``; a count is whole where others are missing, too."""
    plain = {name: name.removeprefix(CONFIG) for name in table if name.startswith(CONFIG)}
    taken = {name: new for name, new in plain.items() if new not in table}
    counts = {name: pd.to_numeric(table[name]).astype("Int64") for name in COUNTS if name in table}
    return table.assign(**counts).rename(columns=taken)


def as_read(table: pd.DataFrame) -> pd.DataFrame:
    """The setting under the names that records have; files of earlier versions have them, too."""
    own = {name.removeprefix(CONFIG): name for name in SETTING}
    return table.rename(columns={new: name for new, name in own.items() if name not in table})
