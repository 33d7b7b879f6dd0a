"""How many times faster: C2C than every other method, every method under each other runtime."""

from __future__ import annotations

from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from ...errors import UserError
from ...method_table import METHODS, SUBJECT
from ...runtime_table import REFERENCE
from ..columns import in_order, method_title
from ..speedup import compare, is_across_runtimes
from .style import method_colour, offsets, panels, what

# Told apart by their mark: one colour may be a method that C2C is compared with, and one by itself.
METHOD_MARK, RUNTIME_MARK = "o", "D"
UNCLEAR_MARK = "X"


@dataclass(frozen=True)
class Comparison:
    """One panel: the rows of one condition, and how they are shown.

    Attributes:
        mark: of rows that can be told from 1.
        label: what the legend calls a series, with the method's name in it.
        slower, faster: what the ratio is of, the faster one below.
    """

    title: str
    rows: pd.DataFrame
    mark: str
    label: str
    slower: str
    faster: str


def draw(timings: pd.DataFrame) -> Figure:
    """Geometric means with their 95 % intervals and a line at 1; one panel per pair and view.

    Panels of C2C against other methods come first, then those of runtimes.

    Raises:
        UserError: there is nothing to compare.
    """
    table = compare(timings)
    shown = _panels(table[table["scope"] != "subject"], timings)
    if not shown:
        raise UserError(
            f"no sample was run by {SUBJECT} and by another method, or under {REFERENCE} and another "
            "runtime: nothing to compare"
        )
    names = ["overall", *sorted(timings["dataset"].unique(), reverse=True)]
    figure, axes = plt.subplots(
        1, len(shown), figsize=(2.5 + 4.2 * len(shown), 1.9 + 0.5 * len(names)), squeeze=False,
        sharey=True, sharex=True,
    )  # fmt: skip
    handles: dict[str, Artist] = {}
    for axis, panel in zip(axes[0], shown, strict=True):
        series = _series(shown, panel.mark)
        for offset, method in zip(offsets(len(series)), series, strict=True):
            label = panel.label.format(method_title(method))
            rows = panel.rows[panel.rows["against"] == method]
            handles[label] = _intervals(
                axis, rows, names, offset, method_colour(method), panel.mark
            )
        _decorate(axis, names, panel)
    figure.legend(
        handles.values(), handles.keys(), loc="outside lower center", frameon=False, fontsize=9,
        ncols=3,
    )  # fmt: skip
    figure.suptitle(f"{_subject(shown)}\n{what(timings)}", fontsize=11)
    return figure


def _panels(table: pd.DataFrame, timings: pd.DataFrame) -> list[Comparison]:
    across = is_across_runtimes(table)
    own = method_title(SUBJECT)
    found = [
        Comparison(title, rows, METHOD_MARK, "against {}", "of the other method", f"of {own}")
        for title, rows in panels(table[~across], among=timings)
    ]
    for title, rows in panels(table[across], among=timings):
        against, runtime = f"against {REFERENCE}", rows["runtime"].iloc[0]
        sides = f"under {REFERENCE}", f"under {runtime}"
        found.append(
            Comparison(f"{title}, {against}", rows, RUNTIME_MARK, f"{{}}, {against}", *sides)
        )
    return found


def _series(shown: list[Comparison], mark: str) -> list[str]:
    """The methods of all panels of one kind, so that each has one place in all of them."""
    return in_order((m for p in shown if p.mark == mark for m in p.rows["against"]), METHODS)


def _subject(shown: list[Comparison]) -> str:
    kinds = {panel.mark for panel in shown}
    subjects = {METHOD_MARK: method_title(SUBJECT), RUNTIME_MARK: "other runtimes"}
    return "Speed-up of " + " and of ".join(name for m, name in subjects.items() if m in kinds)


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
    axis.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}×"))
    axis.xaxis.set_minor_formatter(NullFormatter())
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
