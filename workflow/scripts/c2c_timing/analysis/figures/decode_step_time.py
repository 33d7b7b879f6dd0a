"""How long one decode step takes: its spread per data set, and its course over the answer."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from .style import METHOD_COLOURS, groups, what


def draw(timings: pd.DataFrame) -> Figure:
    """Boxes per data set (whiskers p1 to p99) on the left; median against the step on the right."""
    datasets = sorted(timings["dataset"].unique(), reverse=True)
    shown = groups(timings)
    figure, (boxes, course) = plt.subplots(
        1, 2, figsize=(10, 1.8 + len(datasets) * max(0.36, 0.2 * len(shown))), width_ratios=[3, 2]
    )
    highest = 0.0
    for number, ((pair, method), rows) in enumerate(shown):
        colour = METHOD_COLOURS.get(method, "#555555")
        offset = (number - (len(shown) - 1) / 2) * -0.7 / len(shown)
        for place, dataset in enumerate(datasets):
            steps = rows.loc[rows["dataset"] == dataset, "decode_step_times_ms"]
            if len(steps):
                values = np.concatenate(steps.to_numpy())
                highest = max(highest, float(np.quantile(values, 0.99)))
                boxes.boxplot(
                    values, positions=[place + offset], widths=0.6 / len(shown),
                    orientation="horizontal", whis=(1, 99), showfliers=False, patch_artist=True,
                    boxprops={"facecolor": colour, "alpha": 0.5},
                    medianprops={"color": "black"}, manage_ticks=False,
                )  # fmt: skip
        medians = pd.DataFrame(rows["decode_step_times_ms"].tolist()).median()
        course.plot(medians.index + 1, medians, color=colour, label=f"{pair}, {method}")
    boxes.set_yticks(range(len(datasets)), datasets)
    boxes.set_xlim(0, highest * 1.08)
    boxes.set_xlabel("time of one decode step (ms)\nbox: quartiles, whiskers: p1 to p99")
    course.set_ylim(bottom=0)
    course.set_xlabel("step (tokens generated)")
    course.set_ylabel("median time of the step (ms)")
    figure.legend(loc="outside lower center", frameon=False, fontsize=9, ncols=3)
    figure.suptitle(f"Decode time per token\n{what(timings)}", fontsize=11)
    return figure
