"""Decode throughput per data set and method."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ..columns import method_title
from .style import dots, dots_note, method_colour, methods, offsets, panels, share_scale, what


def draw(timings: pd.DataFrame) -> Figure:
    """Median tokens per second with a line from p10 to p90, and every request as a faint dot."""
    datasets = sorted(timings["dataset"].unique(), reverse=True)
    shown, series = panels(timings), methods(timings)
    height = len(shown) * (len(datasets) * max(0.42, 0.16 * len(series)) + 0.9) + 0.9
    figure, axes = plt.subplots(len(shown), 1, figsize=(9, height), squeeze=False)
    labels = {}
    for axis, (title, rows) in zip(axes[:, 0], shown, strict=True):
        for offset, method in zip(offsets(len(series)), series, strict=True):
            own = rows[rows["method"] == method]
            places = np.arange(len(datasets)) + offset
            values = [own.loc[own["dataset"] == d, "tokens_per_second"].dropna() for d in datasets]
            drawn = [dots(points) for points in values]
            colour = method_colour(method)
            labels[method_title(method)] = _spreads(axis, places, values, drawn, colour)
        axis.set_yticks(range(len(datasets)), datasets)
        axis.set_xlim(left=0)
        note = dots_note(own for _, own in rows.groupby(["dataset", "method"]))
        axis.set_xlabel(f"decode throughput (tokens per second){note}")
        axis.set_title(title, loc="left")
        axis.grid(axis="x", alpha=0.3)
    share_scale(axes[:, 0], shown)
    figure.legend(
        labels.values(), [f"{name}: median, p10 to p90" for name in labels],
        loc="outside lower center", frameon=False, fontsize=9, ncols=2,
    )  # fmt: skip
    figure.suptitle(f"Throughput per data set\n{what(timings)}", fontsize=11)
    return figure


def _spreads(
    axis: plt.Axes,
    places: np.ndarray,
    values: list[pd.Series],
    drawn: list[pd.Series],
    colour: str,
) -> Line2D:
    """Dots, spreads and medians of one method; the handle of its medians."""
    for place, points, some in zip(places, values, drawn, strict=True):
        axis.plot(some, np.full(len(some), place), ".", color=colour, alpha=0.25, ms=4)
        if len(points):
            low, high = np.quantile(points, [0.1, 0.9])
            axis.plot([low, high], [place, place], color=colour, lw=2)
    medians = [points.median() if len(points) else np.nan for points in values]
    (handle,) = axis.plot(medians, places, "o", color=colour, mec="white", ms=7)
    return handle
