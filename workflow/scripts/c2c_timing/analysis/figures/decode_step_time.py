"""How long one decode step takes: its spread per data set and method, and its course over the answer."""

from __future__ import annotations

import itertools

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.figure import Figure

from ...stages import PER_TOKEN, Stage
from ..columns import method_title
from . import layout
from .choice import chosen, left_out, number_of
from .style import dots, dots_note, method_colour, method_mark, methods

COURSE = 1.5
MESSAGE_MARK = "*"
# Label, colour, mark, steps.
Series = tuple[str, str, str, pd.Series]


def draw(timings: pd.DataFrame) -> Figure:
    """Boxes per data set (whiskers p1 to p99) above; median and quartiles against the step below."""
    kept = chosen(timings)
    records = layout.fitting(kept, layout.LEAST_MARK, below=COURSE)
    shown = layout.panels(records)
    datasets = sorted(records["dataset"].unique(), reverse=True)
    most = max(len(_series(rows)) for _, rows in shown)
    each = max(0.3, layout.LINE * most)
    heights = [len(datasets) * each + 0.15, COURSE]
    figure, axes = layout.sheet(len(shown), heights, alike=layout.runtimes_each(shown))
    handles: dict[str, Artist] = {}
    for number, (title, rows) in enumerate(shown):
        boxes, course = axes[number, :, 0]
        series = [(*look, dots(steps)) for *look, steps in _series(rows)]
        _boxes(boxes, series, rows["dataset"], datasets)
        boxes.set_yticks(range(len(datasets)), layout.with_numbers(rows, datasets))
        for label, colour, mark, steps in series:
            handles[label] = _course(course, colour, mark, steps)
        course.set_ylim(bottom=0)
        course.set_xlabel(layout.wrapped(axes, "step (tokens generated)"))
        if layout.is_left(axes, number):
            course.set_ylabel("time of the\nstep (ms)")
        boxes.tick_params(axis="y", labelleft=layout.is_left(axes, number))
        layout.name_panel(axes, number, title)
    layout.share_scale(axes[:, 0, 0], shown)
    note = dots_note(steps for _, rows in shown for *_, steps in _series(rows))
    for axis in axes[:, 0, 0]:
        label = f"time of one decode step (ms){note.replace('dots: ', 'from ')}"
        axis.set_xlabel(layout.wrapped(axes, label))
    layout.name_series(figure, list(handles.values()), list(handles))
    layout.name_figure(
        figure, "Decode time per token", kept,
        "boxes: quartiles of the steps of n requests, whiskers: p1 to p99",
        "below: median and quartiles along the answer",
        left_out(len(shown), number_of(timings)),
    )  # fmt: skip
    return figure


def _series(rows: pd.DataFrame) -> list[Series]:
    """Steps of each method's answers, then of what else is written in steps."""
    own = {method: rows[rows["method"] == method] for method in methods(rows)}
    found = [
        (
            method_title(method),
            method_colour(method),
            method_mark(method),
            records[Stage.DECODE.steps_key].dropna(),
        )
        for method, records in own.items()
    ]
    for stage in PER_TOKEN:
        for method, records in own.items():
            steps = records[stage.steps_key].dropna()
            if stage is not Stage.DECODE and len(steps):
                found.append(
                    (
                        f"{method_title(method)}: the {stage.label}",
                        stage.colour,
                        MESSAGE_MARK,
                        steps,
                    )
                )
    return found


def _boxes(axis: plt.Axes, series: list[Series], dataset: pd.Series, datasets: list[str]) -> None:
    highest = 0.0
    for offset, (_, colour, _, steps) in zip(layout.offsets(len(series)), series, strict=True):
        for place, name in enumerate(datasets):
            own = steps[dataset.loc[steps.index] == name]
            if len(own):
                values = np.concatenate(own.to_numpy())
                highest = max(highest, float(np.quantile(values, 0.99)))
                _box(axis, values, place + offset, 0.7 / len(series), colour)
    axis.set_ylim(-0.6, len(datasets) - 0.4)
    axis.set_xlim(0, highest * 1.08)


def _box(axis: plt.Axes, values: np.ndarray, place: float, width: float, colour: str) -> None:
    axis.boxplot(
        values, positions=[place], widths=width, orientation="horizontal", whis=(1, 99),
        showfliers=False, patch_artist=True, boxprops={"facecolor": colour, "lw": 0.6},
        medianprops={"color": "white", "lw": 1.4}, whiskerprops={"lw": 0.8}, capprops={"lw": 0.8},
        manage_ticks=False,
    )  # fmt: skip


def _course(axis: plt.Axes, colour: str, mark: str, steps: pd.Series) -> Artist:
    """Median and quartiles along the answer; the handle of the medians."""
    padded = np.array(list(itertools.zip_longest(*steps, fillvalue=np.nan)), float)
    low, middle, high = np.nanquantile(padded, [0.25, 0.5, 0.75], axis=1)
    places = np.arange(1, len(padded) + 1)
    axis.fill_between(places, low, high, color=colour, alpha=0.2, lw=0)
    (line,) = axis.plot(
        places,
        middle,
        color=colour,
        lw=1.2,
        marker=mark,
        markevery=max(1, len(padded) // 5),
        ms=4,
        mec="white",
        mew=0.4,
    )
    return line
