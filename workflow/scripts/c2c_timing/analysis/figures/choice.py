"""Which panels a figure draws where there are more than a screen shows legibly."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from ...runtime_table import RUNTIMES
from ..columns import CONDITIONS, in_order

MOST_PANELS = 6
# Views in the order in which they tell most: what users wait for, then what methods have alike.
VIEWS = ("natural", "fixed")


def chosen(
    timings: pd.DataFrame, most: int = MOST_PANELS, panel: Sequence[str] = CONDITIONS
) -> pd.DataFrame:
    """The records of at most so many panels, those that tell most; all of them where they fit.

    First one length view is kept (natural before fixed), then of the runtimes the reference and the
    fastest (more where there is room), then whole pairs in the order of the records.

    Args:
        panel: the columns that tell panels apart; what is not among them is never left out.
    """
    if number_of(timings, panel) > most and "length_view" in panel:
        view = in_order(timings["length_view"], VIEWS)[0]
        timings = timings[timings["length_view"] == view]
    if (number := number_of(timings, panel)) > most and "runtime" in panel:
        others = number / timings["runtime"].nunique()
        kept = _of_most_interest(timings)[: max(2, int(most / others))]
        timings = timings[timings["runtime"].isin(kept)]
    if number_of(timings, panel) > most:
        timings = _first(timings, most, panel)
    return timings


def number_of(timings: pd.DataFrame, panel: Sequence[str] = CONDITIONS) -> int:
    """How many panels some records are."""
    return int(timings.groupby(list(panel)).ngroups)


def left_out(drawn: int, of: int) -> str:
    """What a figure's heading says where not all panels are drawn; empty where all are."""
    if drawn == of:
        return ""
    flags = "--pair … --runtime … --length_view …"
    return f"{drawn} of {of} panels; others with plot_timings.py {flags}"


def _of_most_interest(timings: pd.DataFrame) -> list[str]:
    """The runtimes: the first of the table, the fastest, then the others in the table's order."""
    ordered = in_order(timings["runtime"], RUNTIMES)
    fastest = str(timings.groupby("runtime")["total_time_ms"].median().idxmin())
    return list(dict.fromkeys([ordered[0], fastest, *ordered]))


def _first(timings: pd.DataFrame, most: int, panel: Sequence[str]) -> pd.DataFrame:
    """Records of the first pairs as long as they fit whole; of the first one what fits."""
    number = timings.groupby(list(panel), sort=False).ngroup()
    last = number.groupby(timings["pair"], sort=False).nunique().cumsum()
    whole = last.index[last <= most]
    if len(whole):
        return timings[timings["pair"].isin(whole)]
    own = timings[timings["pair"] == last.index[0]]
    return own[own.groupby(list(panel), sort=False).ngroup() < most]
