"""What else than pair, device, dtype and weights keeps records apart, as one column of text.

A column for each of these would say the same in every row of nearly every table: ``setup`` names
only what differs between the records of one pair, and is empty where nothing does.
"""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

# Keys of ``model_config``, and what a setup calls them.
PARTS = {
    "base_model": "base",
    "base_commit": "base commit",
    "teacher_model": "teacher",
    "teacher_commit": "teacher commit",
    "fuser": "fuser",
    "fuser_subfolder": "fuser subfolder",
    "fuser_commit": "fuser commit",
    "tokenizer": "tokenizer",
    "layer_map": "layer map",
    "fusion_mode": "fusion mode",
    "alignment": "alignment",
    "cpu": "CPU",
    "threads": "threads",
}


def setups(table: pd.DataFrame) -> pd.Series:
    """The setup of every record: records of one pair with equal setups differ in none of ``PARTS``."""
    parts = [
        words + " " + values
        for words, values in (
            (words, table[f"model_config.{key}"].map(_text))
            for key, words in PARTS.items()
            if f"model_config.{key}" in table
        )
    ]
    columns = [part.where(_differs(part, table["pair"]), "") for part in parts]
    found = zip(*columns, strict=True) if columns else ((),) * len(table)
    texts = ["; ".join(filter(None, each)) for each in found]
    return pd.Series(texts, table.index, dtype=object)


def differing(table: pd.DataFrame) -> dict[str, list[str]]:
    """Values of each of ``PARTS`` that differs within a pair, under what a setup calls it."""
    found = {}
    for key, words in PARTS.items():
        if f"model_config.{key}" in table:
            values = table[f"model_config.{key}"].map(_text)
            if (differs := _differs(values, table["pair"])).any():
                found[words] = sorted(values[differs].unique())
    return found


def _differs(values: pd.Series, pairs: pd.Series) -> pd.Series:
    """Whether the records of a pair have several values, for each record."""
    return values.groupby(pairs).transform("nunique") > 1


def _text(value: Any) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "unknown"
    # Where some records lack a whole number, the others have become floats.
    is_whole = isinstance(value, float) and value.is_integer()
    return str(int(value) if is_whole else value)
