"""Decode throughput per data set."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from .style import METHOD_COLOURS, groups, what


def draw(timings: pd.DataFrame) -> Figure:
    """Median tokens per second with a line from p10 to p90, and every request as a faint dot."""
    datasets = sorted(timings["dataset"].unique(), reverse=True)
    shown = groups(timings)
    figure, axis = plt.subplots(figsize=(9, 1.6 + len(datasets) * max(0.42, 0.2 * len(shown))))
    for number, ((pair, method), rows) in enumerate(shown):
        offset = (number - (len(shown) - 1) / 2) * -0.7 / max(len(shown), 1)
        colour = METHOD_COLOURS.get(method, "#555555")
        values = [rows.loc[rows["dataset"] == d, "tokens_per_second"].dropna() for d in datasets]
        places = np.arange(len(datasets)) + offset
        for place, points in zip(places, values, strict=True):
            axis.plot(points, np.full(len(points), place), ".", color=colour, alpha=0.25, ms=4)
            if len(points):
                low, high = np.quantile(points, [0.1, 0.9])
                axis.plot([low, high], [place, place], color=colour, lw=2)
        medians = [points.median() if len(points) else np.nan for points in values]
        label = f"{pair}, {method}: median, p10 to p90"
        axis.plot(medians, places, "o", color=colour, mec="white", ms=8, label=label)
    axis.set_yticks(range(len(datasets)), datasets)
    axis.set_xlim(left=0)
    axis.set_xlabel("decode throughput (tokens per second)")
    axis.grid(axis="x", alpha=0.3)
    figure.legend(loc="outside lower center", frameon=False, fontsize=9, ncols=2)
    figure.suptitle(f"Throughput per data set\n{what(timings)}", fontsize=11)
    return figure
