"""How many times faster C2C is than every other method, per data set."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from ...errors import UserError
from ..speedup import REFERENCES, compare
from .style import method_colour, method_name, offsets, panels, what

MARKS = {"faster": "o", "slower": "o", "not distinguishable": "X"}


def draw(timings: pd.DataFrame) -> Figure:
    """Geometric means with their 95 % intervals and a line at 1; one panel per pair and view.

    Raises:
        UserError: there is nothing to compare.
    """
    shown = [(title, compare(rows)) for title, rows in panels(timings)]
    shown = [(title, table[table["scope"] != "subject"]) for title, table in shown if len(table)]
    if not shown:
        raise UserError("no sample was run by c2c and by another method: nothing to compare")
    names = ["overall", *sorted(timings["dataset"].unique(), reverse=True)]
    figure, axes = plt.subplots(
        1, len(shown), figsize=(2.5 + 4.2 * len(shown), 1.9 + 0.5 * len(names)), squeeze=False,
        sharey=True, sharex=True,
    )  # fmt: skip
    labels = {}
    references = [m for m in REFERENCES if any(m in set(table["against"]) for _, table in shown)]
    for axis, (title, table) in zip(axes[0], shown, strict=True):
        for offset, against in zip(offsets(len(references)), references, strict=True):
            rows = table[table["against"] == against]
            labels[f"against {method_name(against)}"] = _intervals(axis, rows, names, offset)
        _decorate(axis, names, title)
    figure.legend(
        labels.values(), labels.keys(), loc="outside lower center", frameon=False, fontsize=9,
        ncols=3,
    )  # fmt: skip
    figure.suptitle(f"Speed-up of C2C\n{what(timings)}", fontsize=11)
    return figure


def _intervals(axis: plt.Axes, rows: pd.DataFrame, names: list[str], offset: float):
    places = rows["dataset"].replace("", "overall").map(names.index).to_numpy() + offset
    centre = rows["speedup"].to_numpy(float)
    ends = rows[["speedup_low", "speedup_high"]].to_numpy(float).T
    errors = np.nan_to_num(np.abs(ends - centre))
    colour = method_colour(rows["against"].iloc[0])
    handle = axis.errorbar(
        centre, places, xerr=errors, fmt="none", ecolor=colour, elinewidth=2, capsize=3
    )
    for verdict, mark in MARKS.items():
        same = (rows["verdict"] == verdict).to_numpy()
        axis.plot(centre[same], places[same], mark, color=colour, mec="white", ms=7)
    (handle,) = axis.plot([], [], "o", color=colour, mec="white", ms=7)
    return handle


def _decorate(axis: plt.Axes, names: list[str], title: str) -> None:
    axis.axvline(1, color="black", lw=1)
    axis.axhline(0.5, color="#999999", lw=0.5)
    axis.set_xscale("log")
    axis.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}×"))
    axis.xaxis.set_minor_formatter(NullFormatter())
    axis.grid(axis="x", alpha=0.3)
    axis.set_yticks(range(len(names)), names)
    axis.set_title(title, loc="left")
    axis.set_xlabel(
        "time of the other method / time of C2C (ratio)\n"
        "bars: 95 % interval over samples; ×: not distinguishable from 1"
    )
    axis.text(
        0.99, 0.995, "C2C faster →", transform=axis.transAxes, ha="right", va="top", fontsize=8
    )
