"""Stacked bars of stages: medians of each stage, with the quartiles of the whole beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from ...stages import Stage
from ..columns import method_title
from ..numbers import rounded
from . import layout
from .style import methods

# A bar's name, what is in it, and where it stands.
Bar = tuple[float, str, str]
COLOURS = {stage.value: stage.colour for stage in Stage}


def draw_stacks(
    timings: pd.DataFrame, parts: Mapping[Stage, str], whole: str, sides: Sequence[float]
) -> tuple[Figure, np.ndarray]:
    """A bar for each data set and method; data sets of very different times in axes of their own.

    Args:
        parts: the columns that are stacked, in ms, with their stages.
        whole: the column that they add up to.
        sides: widths of the axes in ms and of those in shares, or of the first alone.
    """
    shown = layout.panels(timings)
    medians = timings.groupby([*layout.CONDITIONS, "dataset", "method"])[whole].median()
    groups = layout.apart(medians.groupby("dataset").max())
    heights = [len(group) * layout.line_height(timings) + 0.15 for group in groups]
    figure, axes = layout.sheet(len(shown), heights, sides, layout.runtimes_each(shown))
    for number, (title, rows) in enumerate(shown):
        for (milliseconds, *shares), names in zip(axes[number], groups, strict=True):
            own = rows[rows["dataset"].isin(names)]
            bars = _bars(own, names)
            stacked = _medians(own, bars, parts)
            _stack(milliseconds, bars, stacked)
            _spread(milliseconds, bars, own, whole)
            _name_bars(milliseconds, bars, own, names, layout.is_left(axes, number))
            for axis in shares:
                _stack(axis, bars, stacked.div(stacked.sum(axis=1), axis=0) * 100)
                axis.set(xlim=(0, 100), ylim=milliseconds.get_ylim(), yticks=[])
        layout.name_panel(axes, number, title)
    for part in range(len(groups)):
        layout.share_scale(axes[:, part, 0], shown)
    used = {stage: column for stage, column in parts.items() if timings[column].notna().any()}
    handles = [plt.Rectangle((0, 0), 1, 1, color=stage.colour) for stage in used]
    layout.name_series(figure, handles, [stage.label for stage in used])
    return figure, axes


def _bars(rows: pd.DataFrame, names: Sequence[str]) -> list[Bar]:
    shown = methods(rows)
    there = set(zip(rows["dataset"], rows["method"], strict=True))
    return [
        (place + offset, dataset, method)
        for place, dataset in enumerate(names)
        for offset, method in zip(layout.offsets(len(shown)), shown, strict=True)
        if (dataset, method) in there
    ]


def _medians(rows: pd.DataFrame, bars: list[Bar], parts: Mapping[Stage, str]) -> pd.DataFrame:
    """Medians of the parts, a row a bar; 0 of what a method does not have."""
    columns = {column: rows[column].astype(float) for column in parts.values()}
    numbers = rows[["dataset", "method"]].assign(**columns)
    medians = numbers.groupby(["dataset", "method"]).median().fillna(0)
    medians.columns = list(parts)
    return medians.loc[[(dataset, method) for _, dataset, method in bars]]


def _stack(axis: plt.Axes, bars: list[Bar], values: pd.DataFrame) -> None:
    places = [place for place, *_ in bars]
    height = 0.8 / max(1, len({method for *_, method in bars}))
    left = np.zeros(len(values))
    for stage in values:
        axis.barh(
            places, values[stage], left=left, color=COLOURS[stage], height=0.9 * height,
            edgecolor="white", linewidth=0.3,
        )  # fmt: skip
        left += values[stage].to_numpy()


def _spread(axis: plt.Axes, bars: list[Bar], rows: pd.DataFrame, whole: str) -> None:
    """Median and quartiles of the whole: a dot and a line over the bar's end; the median in numbers."""
    quartiles = rows.groupby(["dataset", "method"])[whole].quantile([0.25, 0.5, 0.75]).unstack()
    furthest = 0.0
    for place, dataset, method in bars:
        low, middle, high = quartiles.loc[(dataset, method)]
        axis.plot([low, high], [place, place], color="white", lw=2.4)
        axis.plot([low, high], [place, place], color="black", lw=1)
        axis.plot([middle], [place], "o", color="black", ms=2.5)
        axis.annotate(
            rounded(middle, 3), (high, place), xytext=(4, 0), textcoords="offset points",
            va="center_baseline", fontsize=7,
        )  # fmt: skip
        furthest = max(furthest, high)
    inches = axis.get_position().width * layout.WIDTH
    axis.set_xlim(0, furthest * (1 + 0.4 / max(inches - 0.4, 0.6)))


def _name_bars(
    axis: plt.Axes, bars: list[Bar], rows: pd.DataFrame, names: Sequence[str], is_left: bool
) -> None:
    several = len({method for *_, method in bars}) > 1
    axis.set_ylim(-0.6, len(names) - 0.4)
    labels = layout.with_numbers(rows, names)
    if not several:
        axis.set_yticks(range(len(names)), labels)
    else:
        axis.set_yticks(
            [place for place, *_ in bars], [method_title(m) for *_, m in bars], fontsize=7
        )
        axis.set_yticks(range(len(names)), labels, minor=True)
        axis.tick_params(axis="y", which="minor", pad=64, length=0)
    if not is_left:
        axis.tick_params(axis="y", which="both", labelleft=False)
