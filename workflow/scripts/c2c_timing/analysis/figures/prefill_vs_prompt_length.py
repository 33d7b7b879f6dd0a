"""Prefill time of base and teacher against the length of the prompt that each reads."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.figure import Figure

from ...stages import Stage
from ..prefill_curve import fit_prefill
from ..stage_costs import with_token_columns
from . import layout
from .choice import chosen, left_out, number_of
from .style import dots, dots_note, label_plainly

PREFILLS = (Stage.BASE_PREFILL, Stage.TEACHER_PREFILL)
# Told apart in grey by their marks, as by their colours.
MARKS = {Stage.BASE_PREFILL: "o", Stage.TEACHER_PREFILL: "^"}
HEIGHT = 2.9
ALONG = "n: tokens read in prefill"
# Of bins along the lengths, and of requests in each, for medians and quartiles.
BINS, IN_A_BIN = 8, 8
# Small letters in an inch.
SMALL_AN_INCH = 16


def draw(timings: pd.DataFrame) -> Figure:
    """A dot per request of any method, medians and quartiles of bins, and the curve where it is known.

    The curve is that of ``fit_prefill``: a + b · tokens + c · tokens², no coefficient negative.
    """
    kept = chosen(timings)
    shown = layout.panels(kept)
    figure, axes = layout.sheet(len(shown), [HEIGHT], alike=layout.runtimes_each(shown))
    note = dots_note(rows[[stage.key]].dropna() for _, rows in shown for stage in PREFILLS)
    handles: dict[str, Artist] = {}
    for number, (title, rows) in enumerate(shown):
        axis, rows = axes[number, 0, 0], with_token_columns(rows)
        equations = []
        for stage in PREFILLS:
            points = rows[[stage.tokens, stage.key]].dropna().astype(float)
            points = points[points[stage.key] > 0]
            if len(points):
                handles[stage.label] = _dots(axis, points, stage)
                equations += _curve(axis, points, stage)
        _scale(axis, rows)
        told = "\n".join([f"{ALONG}{note}", *equations])
        axis.set_xlabel(layout.wrapped(axes, told, SMALL_AN_INCH), fontsize=7)
        axis.grid(alpha=0.3)
        layout.name_panel(axes, number, f"{title} (n={len(rows)})")
        if layout.is_left(axes, number):
            axis.set_ylabel("prefill time (ms)")
    layout.name_series(figure, list(handles.values()), list(handles))
    layout.name_figure(
        figure, "Prefill against prompt length", kept,
        "dots: requests; bars: medians and quartiles of those of like length",
        left_out(len(shown), number_of(timings)),
    )  # fmt: skip
    return figure


def _dots(axis: plt.Axes, points: pd.DataFrame, stage: Stage) -> Artist:
    """Requests, and the quartiles of those of like length; a handle for the legend."""
    lengths, times = dots(points).to_numpy().T
    look: dict[str, Any] = {"color": stage.colour, "ls": "", "marker": MARKS[stage]}
    axis.plot(lengths, times, alpha=0.35, ms=3, mew=0, **look)
    bins = min(BINS, len(points) // IN_A_BIN)
    if bins > 1:
        places = pd.qcut(points[stage.tokens], bins, duplicates="drop")
        for _, alike in points.groupby(places, observed=True):
            low, middle, high = alike[stage.key].quantile([0.25, 0.5, 0.75])
            place = alike[stage.tokens].median()
            axis.plot([place, place], [low, high], color="black", lw=1, zorder=3)
            axis.plot([place], [middle], mec="black", mew=0.5, ms=4.5, zorder=3, **look)
    return axis.plot([], [], ms=5, **look)[0]


def _curve(axis: plt.Axes, points: pd.DataFrame, stage: Stage) -> list[str]:
    """The curve, where it is known; its equation."""
    lengths, times = points.to_numpy().T
    curve = fit_prefill(lengths, times)
    if curve is None:
        return []
    along = np.geomspace(max(lengths.min(), 1), lengths.max(), 100)
    axis.plot(along, curve.at(along), color=stage.colour, lw=1.5)
    return [f"{stage.label}: {curve.equation}"]


def _scale(axis: plt.Axes, rows: pd.DataFrame) -> None:
    lengths = rows[[stage.tokens for stage in PREFILLS]].stack()
    if (
        lengths.max() > 10 * lengths[lengths > 0].min()
    ):  # short prompts would vanish beside long ones
        axis.set_xscale("log")
        axis.set_yscale("log")
        label_plainly(axis.xaxis)
        label_plainly(axis.yaxis)
    else:
        axis.set_ylim(bottom=0)
