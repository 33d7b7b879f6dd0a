"""Which panels a figure shows where there are more of them than a screen holds."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from ...runtime_table import RUNTIMES
from ..columns import CONDITIONS, CONDITIONS_BUT_RUNTIME, in_order

VIEW = "length_view"
# Said in a figure's heading.
ALL_OTHERS = "others: plot_timings.py with --pair, --runtime, --length_view"


def chosen(
    timings: pd.DataFrame, most: int, are_runtimes_together: bool = False
) -> tuple[pd.DataFrame, str]:
    """The records of at most so many panels, and a line that says what was left out; empty where nothing.

    First one length view goes, the fixed one; then all runtimes but the first and the fastest; then
    pairs and settings, the last ones first.

    Args:
        are_runtimes_together: a panel shows all of them.
    """
    panel = CONDITIONS_BUT_RUNTIME if are_runtimes_together else CONDITIONS
    number = _count(timings, panel)
    for shown in _fewer_and_fewer(timings, are_runtimes_together):
        if _count(shown, panel) <= most:
            break
    else:
        keys = shown[panel].drop_duplicates().head(most)
        shown = shown.merge(keys, on=panel, how="inner")
    left = _count(shown, panel)
    return shown, "" if left == number else f"{left} of {number} panels; {ALL_OTHERS}"


def _fewer_and_fewer(timings: pd.DataFrame, are_runtimes_together: bool) -> Iterator[pd.DataFrame]:
    yield timings
    views = list(timings[VIEW].unique())
    timings = timings[timings[VIEW] == ("natural" if "natural" in views else views[0])]
    yield timings
    if not are_runtimes_together:
        first = in_order(timings["runtime"], RUNTIMES)[0]
        fastest = timings.groupby("runtime")["total_time_ms"].median().idxmin()
        yield timings[timings["runtime"].isin([first, fastest])]


def _count(timings: pd.DataFrame, panel: list[str]) -> int:
    return len(timings[panel].drop_duplicates())
