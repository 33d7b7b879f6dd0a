"""How many times faster: C2C than every other method, every method under each other runtime."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.figure import Figure

from ...method_table import METHODS, SUBJECT
from ...runtime_table import REFERENCE
from ..columns import in_order, method_title
from ..deciding import FASTER, MARGIN, SAME, SLOWER, UNTOLD
from ..speedup import compare, is_across_runtimes
from . import layout
from .style import (
    SAME_MARK,
    UNCLEAR_MARK,
    NothingToDrawError,
    label_ratios,
    method_colour,
    method_mark,
    runtime_fill,
    runtime_line,
)

# Inches of a name in a list.
NAME = 0.27
OVERALL = "overall"
VERDICT_MARKS = {SAME: SAME_MARK, UNTOLD: UNCLEAR_MARK}
UNCLEAR_NOTE = "hexagons: same; ×: not distinguishable"


@dataclass(frozen=True)
class Comparison:
    """One panel: the rows of one condition, and how they are shown.

    Attributes:
        subject: what is faster or slower.
        runtime: of the slower side's other, which its marks and lines tell.
        label: what the legend calls a series, with the method's name in it.
        slower, faster: what the ratio is of, the faster one below.
    """

    subject: str
    title: str
    rows: pd.DataFrame
    runtime: str
    label: str
    slower: str
    faster: str


def draw(timings: pd.DataFrame, margin: float = MARGIN) -> Figure:
    """Geometric means with their 95 % intervals and a line at 1; one panel per pair and view.

    Panels of C2C against other methods are in the first line, those of runtimes in the next.

    Raises:
        NothingToDrawError: there is nothing to compare.
    """
    table = compare(timings, scopes=["overall", "data set"], margin=margin)
    across = is_across_runtimes(table)
    kinds = [_of_methods(table[~across], timings), _of_runtimes(table[across], timings)]
    lines = [comparisons for comparisons in kinds if comparisons]
    if not lines:
        raise NothingToDrawError(
            f"no sample was run by {SUBJECT} and by another method, or under {REFERENCE} and another "
            "runtime: nothing to compare"
        )
    comparisons = [comparison for comparisons in lines for comparison in comparisons]
    names = [OVERALL, *sorted(timings["dataset"].unique(), reverse=True)]
    most = math.ceil(layout.MOST_HEIGHT / (NAME * len(names) + layout.HEAD)) * layout.MOST_COLUMNS
    if len(comparisons) > most:
        names = [OVERALL]
    figure, axes = layout.sheet(len(comparisons), [NAME * len(names) + 0.15])
    handles: dict[str, Artist] = {}
    number = 0
    for alike in lines:
        # Each method has one place in all of them.
        series = in_order((m for panel in alike for m in panel.rows["against"]), METHODS)
        for panel in alike:
            axis = axes[number, 0, 0]
            handles |= _series(axis, panel, series, names)
            _decorate(axis, names, panel, layout.is_left(axes, number))
            if layout.is_crowded(axes):
                axis.set_xlabel("ratio", fontsize=7)
            layout.name_panel(axes, number, panel.title)
            number += 1
    _share_range(axes[: len(lines[0]), 0, 0])
    _share_range(axes[len(lines[0]) :, 0, 0])
    layout.name_series(figure, list(handles.values()), list(handles))
    over = " and ".join(sorted(table["interval_over"].unique(), reverse=True))
    confidence = 100 * table["confidence"].max()
    subjects = " and of ".join(comparisons[0].subject for comparisons in lines)
    layout.name_figure(
        figure, f"Speed-up of {subjects}", timings,
        f"bars: {confidence:.4g} % interval over {over}; {UNCLEAR_NOTE}",
    )  # fmt: skip
    return figure


def _of_methods(table: pd.DataFrame, timings: pd.DataFrame) -> list[Comparison]:
    own = method_title(SUBJECT)
    return [
        Comparison(own, title, rows, REFERENCE, "against {}", "of the other method", f"of {own}")
        for title, rows in layout.panels(table, among=timings)
    ]


def _of_runtimes(table: pd.DataFrame, timings: pd.DataFrame) -> list[Comparison]:
    against = f"against {REFERENCE}"
    found = []
    for title, rows in layout.panels(table, among=timings):
        runtime = rows["runtime"].iloc[0]
        sides = f"under {REFERENCE}", f"under {runtime}"
        title, label = f"{title}, {against}", f"{{}}, {against}"
        found.append(Comparison("other runtimes", title, rows, runtime, label, *sides))
    return found


def _series(
    axis: plt.Axes, panel: Comparison, series: list[str], names: list[str]
) -> dict[str, Artist]:
    """All methods of a panel; handles for the legend by their labels."""
    handles = {}
    for offset, method in zip(layout.offsets(len(series)), series, strict=True):
        rows = panel.rows[panel.rows["against"] == method]
        rows = rows[rows["dataset"].isin(names) | (rows["dataset"] == "")]
        label = panel.label.format(method_title(method))
        handles[label] = _intervals(axis, rows, names, offset, method, panel.runtime)
    return handles


def _intervals(
    axis: plt.Axes, rows: pd.DataFrame, names: list[str], offset: float, method: str, runtime: str
) -> Artist:
    """One series of a panel; its handle for the legend."""
    places = rows["dataset"].replace("", OVERALL).map(names.index).to_numpy() + offset
    centre, low, high = rows[["speedup", "speedup_low", "speedup_high"]].to_numpy(float).T
    colour = method_colour(method)
    axis.hlines(places, low, high, color=colour, lw=1.5, ls=runtime_line(runtime))
    look: dict[str, Any] = {"color": colour, "ls": "", "fillstyle": runtime_fill(runtime), "ms": 6,
            "mec": "white" if runtime_fill(runtime) == "full" else colour}  # fmt: skip
    for verdict in (FASTER, SLOWER, SAME, UNTOLD):
        alike = (rows["verdict"] == verdict).to_numpy()
        shape = VERDICT_MARKS.get(verdict, method_mark(method))
        told = {**look, "fillstyle": "full", "mec": "white"} if verdict in VERDICT_MARKS else look
        axis.plot(centre[alike], places[alike], marker=shape, **told)
    return axis.plot([], [], marker=method_mark(method), **look)[0]


def _share_range(axes: np.ndarray) -> None:
    """One x axis for all panels of a kind, since readers compare them by eye."""
    ends = [axis.get_xlim() for axis in axes]
    for axis in axes:
        axis.set_xlim(min(low for low, _ in ends), max(high for _, high in ends))
        label_ratios(axis.xaxis)
        axis.tick_params(axis="x", labelsize=7)


def _decorate(axis: plt.Axes, names: list[str], panel: Comparison, is_left: bool) -> None:
    axis.axvline(1, color="black", lw=1)
    axis.axhline(0.5, color="#999999", lw=0.5)
    axis.set_xscale("log")
    axis.grid(axis="x", alpha=0.3)
    axis.set_yticks(range(len(names)), _with_samples(names, panel.rows))
    axis.set_ylim(-0.6, len(names) - 0.4)
    axis.tick_params(axis="y", labelleft=is_left)
    faster = panel.faster.split(" ", 1)[1]
    axis.set_xlabel(
        f"time {panel.slower} /\ntime {panel.faster} (ratio)\nright of 1: {faster} is faster",
        fontsize=8,
    )


def _with_samples(names: list[str], rows: pd.DataFrame) -> list[str]:
    """Names with the number of samples that their ratios are over."""
    counts = rows.assign(dataset=rows["dataset"].replace("", OVERALL)).groupby("dataset")[
        "num_samples"
    ]
    ends = counts.agg(["min", "max"])
    return [f"{n} (n={layout.span(*ends.loc[n])})" if n in ends.index else n for n in names]
