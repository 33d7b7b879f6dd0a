"""How long one decode step takes: its spread per data set and method, and its course over the answer."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from ...stages import PER_TOKEN, Stage
from ..columns import method_title
from .style import dots, dots_note, method_colour, methods, offsets, panels, share_scale, what


def draw(timings: pd.DataFrame) -> Figure:
    """Boxes per data set (whiskers p1 to p99) on the left; median against the step on the right."""
    shown = panels(timings)
    datasets = sorted(timings["dataset"].unique(), reverse=True)
    most = max(len(_series(rows)) for _, rows in shown)
    height = len(shown) * (len(datasets) * max(0.36, 0.15 * most) + 1.3) + 1.0
    figure, axes = plt.subplots(
        len(shown), 2, figsize=(10, height), squeeze=False, width_ratios=[3, 2]
    )
    labels = {}
    for (boxes, course), (title, rows) in zip(axes, shown, strict=True):
        series = [(label, colour, dots(steps)) for label, colour, steps in _series(rows)]
        highest = 0.0
        for offset, (label, colour, steps) in zip(offsets(len(series)), series, strict=True):
            for place, dataset in enumerate(datasets):
                own = steps[rows.loc[steps.index, "dataset"] == dataset]
                if len(own):
                    values = np.concatenate(own.to_numpy())
                    highest = max(highest, float(np.quantile(values, 0.99)))
                    _box(boxes, values, place + offset, 0.7 / len(series), colour)
            medians = pd.DataFrame(steps.tolist()).median()
            (labels[label],) = course.plot(medians.index + 1, medians, color=colour)
        boxes.set_yticks(range(len(datasets)), datasets)
        boxes.set_xlim(0, highest * 1.08)
        boxes.set_xlabel(
            "time of one decode step (ms)\nbox: quartiles, whiskers: p1 to p99"
            + dots_note(steps for *_, steps in _series(rows)).replace("dots: ", "from ")
        )
        boxes.set_title(title, loc="left")
        course.set_ylim(bottom=0)
        course.set_xlabel("step (tokens generated)")
        course.set_ylabel("median time of the step (ms)")
    share_scale(axes[:, 0], shown)
    figure.legend(
        labels.values(), labels.keys(), loc="outside lower center", frameon=False, fontsize=9,
        ncols=5,
    )  # fmt: skip
    figure.suptitle(f"Decode time per token\n{what(timings)}", fontsize=11)
    return figure


def _series(rows: pd.DataFrame) -> list[tuple[str, str, pd.Series]]:
    """Label, colour and steps of each method's answers, then of what else is written in steps."""
    own = {method: rows[rows["method"] == method] for method in methods(rows)}
    found = [
        (method_title(method), method_colour(method), records[Stage.DECODE.steps_key])
        for method, records in own.items()
    ]
    for stage in PER_TOKEN:
        for method, records in own.items():
            steps = records[stage.steps_key].dropna()
            if stage is not Stage.DECODE and len(steps):
                found.append((f"{method_title(method)}: the {stage.label}", stage.colour, steps))
    return found


def _box(axis: plt.Axes, values: np.ndarray, place: float, width: float, colour: str) -> None:
    axis.boxplot(
        values, positions=[place], widths=width, orientation="horizontal", whis=(1, 99),
        showfliers=False, patch_artist=True, boxprops={"facecolor": colour, "alpha": 0.5},
        medianprops={"color": "black"}, manage_ticks=False,
    )  # fmt: skip
