"""How many times faster: C2C than every other method, every method under each other runtime."""

from __future__ import annotations

from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.figure import Figure

from ...method_table import METHODS, SUBJECT
from ...runtime_table import REFERENCE
from ..columns import in_order, method_title
from ..speedup import compare, is_across_runtimes
from .style import (
    UNCLEAR_MARK,
    NothingToDrawError,
    label_ratios,
    method_colour,
    offsets,
    panels,
    what,
)


@dataclass(frozen=True)
class Comparison:
    """One panel: the rows of one condition, and how they are shown.

    Attributes:
        subject: what is faster or slower.
        mark: of rows that can be told from 1.
        label: what the legend calls a series, with the method's name in it.
        slower, faster: what the ratio is of, the faster one below.
    """

    subject: str
    title: str
    rows: pd.DataFrame
    mark: str
    label: str
    slower: str
    faster: str


def draw(timings: pd.DataFrame) -> Figure:
    """Geometric means with their 95 % intervals and a line at 1; one panel per pair and view.

    Panels of C2C against other methods are in the first line, those of runtimes in the next.

    Raises:
        NothingToDrawError: there is nothing to compare.
    """
    table = compare(timings, scopes=["overall", "data set"])
    across = is_across_runtimes(table)
    kinds = [_of_methods(table[~across], timings), _of_runtimes(table[across], timings)]
    lines = [comparisons for comparisons in kinds if comparisons]
    if not lines:
        raise NothingToDrawError(
            f"no sample was run by {SUBJECT} and by another method, or under {REFERENCE} and another "
            "runtime: nothing to compare"
        )
    names = ["overall", *sorted(timings["dataset"].unique(), reverse=True)]
    widest = max(map(len, lines))
    height = 1.9 + 0.5 * len(names) + (len(lines) - 1) * (1.2 + 0.5 * len(names))
    figure, axes = plt.subplots(
        len(lines), widest, figsize=(2.5 + 4.2 * widest, height), squeeze=False,
        sharey=True, sharex="row",
    )  # fmt: skip
    handles: dict[str, Artist] = {}
    for line, comparisons in zip(axes, lines, strict=True):
        handles |= _line(line, comparisons, names)
    figure.legend(
        handles.values(), handles.keys(), loc="outside lower center", frameon=False, fontsize=9,
        ncols=3,
    )  # fmt: skip
    subjects = " and of ".join(comparisons[0].subject for comparisons in lines)
    figure.suptitle(f"Speed-up of {subjects}\n{what(timings)}", fontsize=11)
    return figure


def _of_methods(table: pd.DataFrame, timings: pd.DataFrame) -> list[Comparison]:
    own = method_title(SUBJECT)
    return [
        Comparison(own, title, rows, "o", "against {}", "of the other method", f"of {own}")
        for title, rows in panels(table, among=timings)
    ]


def _of_runtimes(table: pd.DataFrame, timings: pd.DataFrame) -> list[Comparison]:
    against = f"against {REFERENCE}"
    found = []
    for title, rows in panels(table, among=timings):
        sides = f"under {REFERENCE}", f"under {rows['runtime'].iloc[0]}"
        title, label = f"{title}, {against}", f"{{}}, {against}"
        found.append(Comparison("other runtimes", title, rows, "D", label, *sides))
    return found


def _line(axes: np.ndarray, comparisons: list[Comparison], names: list[str]) -> dict[str, Artist]:
    """A line of panels; labels and handles for the legend."""
    # Each method has one place in all of them.
    series = in_order((m for panel in comparisons for m in panel.rows["against"]), METHODS)
    handles = {}
    for axis, panel in zip(axes, comparisons, strict=False):
        for offset, method in zip(offsets(len(series)), series, strict=True):
            rows = panel.rows[panel.rows["against"] == method]
            label, colour = panel.label.format(method_title(method)), method_colour(method)
            handles[label] = _intervals(axis, rows, names, offset, colour, panel.mark)
        _decorate(axis, names, panel)
    for axis in axes[len(comparisons) :]:
        axis.set_visible(False)
    return handles


def _intervals(
    axis: plt.Axes, rows: pd.DataFrame, names: list[str], offset: float, colour: str, mark: str
) -> Artist:
    """One series of a panel; its handle for the legend."""
    places = rows["dataset"].replace("", "overall").map(names.index).to_numpy() + offset
    centre = rows["speedup"].to_numpy(float)
    ends = rows[["speedup_low", "speedup_high"]].to_numpy(float).T
    errors = np.nan_to_num(np.abs(ends - centre))
    axis.errorbar(centre, places, xerr=errors, fmt="none", ecolor=colour, elinewidth=2, capsize=3)
    for verdict in ("faster", "slower", "not distinguishable"):
        same = (rows["verdict"] == verdict).to_numpy()
        shape = UNCLEAR_MARK if verdict == "not distinguishable" else mark
        axis.plot(centre[same], places[same], shape, color=colour, mec="white", ms=7)
    (handle,) = axis.plot([], [], mark, color=colour, mec="white", ms=7)
    return handle


def _decorate(axis: plt.Axes, names: list[str], panel: Comparison) -> None:
    axis.axvline(1, color="black", lw=1)
    axis.axhline(0.5, color="#999999", lw=0.5)
    axis.set_xscale("log")
    label_ratios(axis.xaxis)
    axis.grid(axis="x", alpha=0.3)
    axis.set_yticks(range(len(names)), names)
    axis.set_title(panel.title, loc="left")
    axis.set_xlabel(
        f"time {panel.slower} / time {panel.faster} (ratio)\n"
        "bars: 95 % interval over samples; ×: not distinguishable from 1"
    )
    faster = panel.faster.split(" ", 1)[1]
    axis.text(
        0.99,
        0.995,
        f"{faster} faster →",
        transform=axis.transAxes,
        ha="right",
        va="top",
        fontsize=8,
    )
