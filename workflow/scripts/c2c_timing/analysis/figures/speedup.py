"""How many times faster: C2C than every other method, every method under each other runtime."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.figure import Figure

from ...method_table import METHODS, SUBJECT
from ...runtime_table import REFERENCE, RUNTIMES
from ..columns import CONDITIONS, in_order, method_title
from ..deciding import FASTER, MARGIN, SAME, SLOWER, UNTOLD
from ..speedup import compare, is_across_runtimes
from . import layout
from .choice import MOST_PANELS, VIEWS, chosen, left_out, number_of
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

# Inches of a name in a list, where there is room, and where there is not; of the axes' names.
NAME, LEAST_NAME, LABELS = 0.27, 0.15, 0.5
OVERALL_ROW = "overall"
# Letters of the axes' names.
SMALL_AN_INCH = 16
# What one panel is of where runtimes and length views are its rows.
FOLDED = [name for name in CONDITIONS if name not in ("runtime", "length_view")]
FOLDED_NOTE = (
    "rows: over all data sets; of each with plot_timings.py --pair … --runtime … --length_view …"
)
VERDICT_MARKS = {SAME: SAME_MARK, UNTOLD: UNCLEAR_MARK}
UNCLEAR_NOTE = "hexagons: same; ×: not distinguishable"


@dataclass(frozen=True)
class Comparison:
    """One panel: the rows of one condition, and how they are shown.

    Attributes:
        subject: what is faster or slower.
        rows: of the table; ``row`` names the line in which they stand, ``place`` orders lines, ``look``
            is the runtime which marks and lines tell.
        label: what the legend calls a series, with the method's name in it.
        slower, faster: what the ratio is of, the faster one below.
    """

    subject: str
    title: str
    rows: pd.DataFrame
    label: str
    slower: str
    faster: str

    @property
    def winner(self) -> str:
        """What is faster right of 1."""
        return self.faster.split(" ", 1)[1]


def draw(timings: pd.DataFrame, margin: float = MARGIN) -> Figure:
    """Geometric means with their 95 % intervals and a line at 1; one panel per pair and view.

    Panels of C2C against other methods are in the first line, those of runtimes in the next. Where
    they or the data sets are too many, runtimes and length views are rows, over all data sets.

    Raises:
        NothingToDrawError: there is nothing to compare.
    """
    table = compare(timings, scopes=["overall", "data set"], margin=margin)
    if table.empty:
        raise NothingToDrawError(
            f"no sample was run by {SUBJECT} and by another method, or under {REFERENCE} and another "
            "runtime: nothing to compare"
        )
    shown, is_folded = _shown(table, timings)
    lines = [panels for panels in _lines(shown, timings, is_folded) if panels]
    comparisons = [comparison for panels in lines for comparison in panels]
    names = [_names(panels, timings, is_folded) for panels in lines]
    figure, axes = layout.sheet(len(comparisons), [NAME * max(map(len, names)) + 0.15])
    handles: dict[str, Artist] = {}
    number = 0
    for alike, own in zip(lines, names, strict=True):
        # Each method has one place in all of them.
        series = in_order((m for panel in alike for m in panel.rows["against"]), METHODS)
        for panel in alike:
            axis = axes[number, 0, 0]
            handles |= _series(axis, panel, series, own)
            is_named = layout.is_left(axes, number) or (is_folded and panel is alike[0])
            _decorate(axis, own, panel, is_named)
            ratio = f"time {panel.slower} /\ntime {panel.faster} (ratio)"
            told = f"{ratio}\nright of 1: {panel.winner} is faster"
            axis.set_xlabel(layout.wrapped(axes, told, SMALL_AN_INCH), fontsize=8)
            layout.name_panel(axes, number, panel.title)
            number += 1
    _share_range(axes[: len(lines[0]), 0, 0])
    _share_range(axes[len(lines[0]) :, 0, 0])
    layout.name_series(figure, list(handles.values()), list(handles))
    over = " or ".join(sorted(table["interval_over"].unique(), reverse=True))
    confidence = 100 * table["confidence"].max()
    subjects = " and of ".join(panels[0].subject for panels in lines)
    every = [panel for panels in _lines(table, timings, is_folded) for panel in panels]
    layout.name_figure(
        figure, f"Speed-up of {subjects}", timings[timings["pair"].isin(shown["pair"])],
        f"bars: {confidence:.4g} % interval over {over}; {UNCLEAR_NOTE}",
        FOLDED_NOTE if is_folded else "",
        left_out(len(comparisons), len(every)),
    )  # fmt: skip
    return figure


def _shown(table: pd.DataFrame, timings: pd.DataFrame) -> tuple[pd.DataFrame, bool]:
    """Rows that are drawn, and whether runtimes and length views are rows of one panel."""
    kinds = [rows for _, rows in table.groupby(is_across_runtimes(table))]
    panels = sum(map(number_of, kinds))
    lists = layout.most_lines(min(panels, MOST_PANELS), LABELS, LEAST_NAME)
    is_long = table["dataset"].nunique() > lists
    if panels <= MOST_PANELS and not is_long:
        return table, False
    pairs = list(timings["pair"].unique())
    in_order_of_pairs = table.sort_values("pair", key=lambda c: c.map(pairs.index), kind="stable")
    kept = chosen(in_order_of_pairs, MOST_PANELS // len(kinds), FOLDED)
    is_folded = is_long or panels > sum(number_of(rows, FOLDED) for rows in kinds)
    return table.loc[kept.index.sort_values()], is_folded


def _lines(table: pd.DataFrame, timings: pd.DataFrame, is_folded: bool) -> list[list[Comparison]]:
    """Panels of C2C against other methods, and panels of runtimes."""
    across = is_across_runtimes(table)
    known = table.assign(look=table["runtime"].where(across, REFERENCE))
    known = (
        _folded(known) if is_folded else known.assign(row=known["dataset"].replace("", OVERALL_ROW))
    )
    across = across.loc[known.index]
    return [_of_methods(known[~across], timings), _of_runtimes(known[across], timings)]


def _folded(table: pd.DataFrame) -> pd.DataFrame:
    """Rows over all data sets, named after what differs of runtime and length view."""
    rows = table[table["dataset"] == ""]
    orders = {"length_view": in_order(rows["length_view"], VIEWS),
              "runtime": in_order(rows["runtime"], RUNTIMES)}  # fmt: skip
    differing = [name for name, order in orders.items() if len(order) > 1]
    names = rows[differing[::-1]].agg(", ".join, axis=1) if differing else OVERALL_ROW
    view, runtime = (rows[name].map(order.index) for name, order in orders.items())
    place = view * len(orders["runtime"]) + runtime
    return rows.assign(row=names, place=place, runtime="", length_view="")


def _names(panels: list[Comparison], timings: pd.DataFrame, is_folded: bool) -> list[str]:
    """Of the rows of some panels, from the bottom up."""
    if not is_folded:
        return [OVERALL_ROW, *sorted(timings["dataset"].unique(), reverse=True)]
    rows = pd.concat([panel.rows for panel in panels])
    return list(rows.sort_values("place", ascending=False)["row"].unique())


def _of_methods(table: pd.DataFrame, timings: pd.DataFrame) -> list[Comparison]:
    own = method_title(SUBJECT)
    return [
        Comparison(own, title, rows, "against {}", "of the other method", f"of {own}")
        for title, rows in layout.panels(table, among=timings)
    ]


def _of_runtimes(table: pd.DataFrame, timings: pd.DataFrame) -> list[Comparison]:
    against = f"against {REFERENCE}"
    found = []
    for title, rows in layout.panels(table, among=timings):
        runtime = rows["runtime"].iloc[0] or "the other"
        sides = f"under {REFERENCE}", f"under {runtime}"
        title, label = f"{title}, {against}", f"{{}}, {against}"
        found.append(Comparison("other runtimes", title, rows, label, *sides))
    return found


def _series(
    axis: plt.Axes, panel: Comparison, series: list[str], names: list[str]
) -> dict[str, Artist]:
    """All methods of a panel; handles for the legend by their labels."""
    handles: dict[str, Artist] = {}
    for offset, method in zip(layout.offsets(len(series)), series, strict=True):
        own = panel.rows[panel.rows["against"] == method]
        label = panel.label.format(method_title(method))
        for runtime, rows in own.groupby("look"):
            handle = _intervals(axis, rows, names, offset, method, str(runtime))
            # Of several runtimes the legend shows the first one's marks, which are full.
            handles.setdefault(label, handle)
    return handles


def _intervals(
    axis: plt.Axes, rows: pd.DataFrame, names: list[str], offset: float, method: str, runtime: str
) -> Artist:
    """One series of a panel; its handle for the legend."""
    places = rows["row"].map(names.index).to_numpy() + offset
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


def _decorate(axis: plt.Axes, names: list[str], panel: Comparison, is_named: bool) -> None:
    axis.axvline(1, color="black", lw=1)
    if OVERALL_ROW in names[:1]:
        axis.axhline(0.5, color="#999999", lw=0.5)
    axis.set_xscale("log")
    axis.grid(axis="x", alpha=0.3)
    axis.set_yticks(range(len(names)), _with_samples(names, panel.rows))
    axis.set_ylim(-0.6, len(names) - 0.4)
    axis.tick_params(axis="y", labelleft=is_named)


def _with_samples(names: list[str], rows: pd.DataFrame) -> list[str]:
    """Names with the number of samples that their ratios are over."""
    ends = rows.groupby("row")["num_samples"].agg(["min", "max"])
    return [f"{n} (n={layout.span(*ends.loc[n])})" if n in ends.index else n for n in names]
