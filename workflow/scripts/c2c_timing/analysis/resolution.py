"""What the instrument makes of no difference at all: one method, timed under two names."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from ..method_table import is_again
from .columns import SETUP, method_title

FALSE_CALLS = ("faster", "slower")


def is_of_second_arm(speedup: pd.DataFrame) -> pd.Series:
    """Which rows of ``speedup.compare`` are of a method against itself."""
    return speedup["against"].map(lambda arm: is_again(str(arm))).astype(bool)


def smallest_difference(row: Mapping[str, Any]) -> float | None:
    """The smallest relative difference that could have been told where a row's samples were timed.

    The farther end of the row's interval from 1, as a factor less 1: that much equal things may seem
    to differ. An interval that lies beside 1 counts with how far it is off. None without an interval.
    """
    low, high = float(row["speedup_low"]), float(row["speedup_high"])
    if math.isnan(low):
        return None
    return math.expm1(max(abs(math.log(low)), abs(math.log(high))))


def resolution_sentences(speedup: pd.DataFrame) -> list[str]:
    """One for each pair, device, runtime and length view: what cannot be told."""
    return [
        f"{_where(row)}: {method_title(row['method'])} against itself is {_seen(row)}: {_told(row)}."
        for row in _overall(speedup)
    ]


def resolution_line(speedup: pd.DataFrame) -> str | None:
    """The same in a line; None where nothing was timed under two names."""
    rows = list(_overall(speedup))
    if not rows:
        return None
    found = [each for row in rows if (each := smallest_difference(row)) is not None]
    if not found:
        return f"smallest difference that can be told: none ({_seen(rows[0])}; too few samples)"
    least, most = min(found), max(found)
    span = f"{least:.1%}" if len(found) == 1 else f"{least:.1%} to {most:.1%}"
    return f"smallest difference that can be told: {span} (the same code timed under two names)"


def false_calls(speedup: pd.DataFrame) -> list[str]:
    """Where the same code was told to be faster or slower than itself, in words: a mark on the run."""
    return [
        f"{_where(row)}: {method_title(row['method'])} was found {row['verdict']} than itself, {_seen(row)}: "
        "believe no verdict about a difference of that size; leave the machine to the run alone, raise "
        "processes or num_samples, and time again. Of twenty such comparisons one errs by chance."
        for row in _overall(speedup)
        if row["verdict"] in FALSE_CALLS
    ]


def _overall(speedup: pd.DataFrame) -> Iterator[dict[str, Any]]:
    rows = speedup[is_of_second_arm(speedup) & (speedup["scope"] == "overall")]
    yield from rows.to_dict("records")


def _where(row: Mapping[str, Any]) -> str:
    pair = f"{row['pair']} ({row[SETUP]})" if row.get(SETUP) else str(row["pair"])
    return f"{pair} on {row['model_config.device']} ({row['runtime']}), {row['length_view']} length"


def _seen(row: Mapping[str, Any]) -> str:
    low, high = row["speedup_low"], row["speedup_high"]
    ends = "" if pd.isna(low) else f" ({low:.4g} to {high:.4g})"
    return f"{row['speedup']:.4g}×{ends}"


def _told(row: Mapping[str, Any]) -> str:
    least = smallest_difference(row)
    if least is None:
        return "too few samples to say which differences can be told"
    return f"differences below {least:.1%} cannot be told here"
