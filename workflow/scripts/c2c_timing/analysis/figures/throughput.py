"""Decode throughput per data set and method."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ..columns import method_title
from . import layout
from .choice import chosen, left_out, number_of
from .style import dots, dots_note, method_colour, method_mark, methods


def draw(timings: pd.DataFrame) -> Figure:
    """Median tokens per second with a line from p10 to p90, and every request as a faint dot."""
    kept = chosen(timings)
    records = layout.fitting(kept, layout.LEAST_MARK)
    datasets = sorted(records["dataset"].unique(), reverse=True)
    shown, series = layout.panels(records), methods(records)
    heights = [len(datasets) * layout.line_height(records) + 0.15]
    figure, axes = layout.sheet(len(shown), heights, alike=layout.runtimes_each(shown))
    labels = {}
    for number, (title, rows) in enumerate(shown):
        axis = axes[number, 0, 0]
        for offset, method in zip(layout.offsets(len(series)), series, strict=True):
            own = rows[rows["method"] == method]
            places = np.arange(len(datasets)) + offset
            values = [own.loc[own["dataset"] == d, "tokens_per_second"].dropna() for d in datasets]
            labels[method_title(method)] = _spreads(axis, places, values, method)
        axis.set_yticks(range(len(datasets)), layout.with_numbers(rows, datasets))
        axis.tick_params(axis="y", labelleft=layout.is_left(axes, number))
        axis.set_ylim(-0.6, len(datasets) - 0.4)
        axis.set_xlim(left=0)
        axis.grid(axis="x", alpha=0.3)
        layout.name_panel(axes, number, title)
    layout.share_scale(axes[:, 0, 0], shown)
    note = dots_note(own for _, rows in shown for _, own in rows.groupby(["dataset", "method"]))
    for panel in layout.lowest(axes):
        panel[0, 0].set_xlabel(f"decode throughput\n(tokens per second){note}")
    layout.name_series(figure, list(labels.values()), list(labels))
    layout.name_figure(
        figure, "Throughput per data set", kept,
        "marks: median; lines: p10 to p90; dots: requests",
        left_out(len(shown), number_of(timings)),
    )  # fmt: skip
    return figure


def _spreads(axis: plt.Axes, places: np.ndarray, values: list[pd.Series], method: str) -> Line2D:
    """Dots, spreads and medians of one method; the handle of its medians."""
    colour = method_colour(method)
    for place, points in zip(places, values, strict=True):
        some = dots(points)
        axis.plot(some, np.full(len(some), place), ".", color=colour, alpha=0.25, ms=3, mew=0)
        if len(points):
            low, high = np.quantile(points, [0.1, 0.9])
            axis.plot([low, high], [place, place], color=colour, lw=1.5)
    medians = [points.median() if len(points) else np.nan for points in values]
    (handle,) = axis.plot(
        medians, places, method_mark(method), color=colour, mec="white", mew=0.6, ms=6
    )
    return handle
