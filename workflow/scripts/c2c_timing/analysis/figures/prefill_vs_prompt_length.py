"""Prefill time of base and teacher against the length of the prompt that each reads."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from ...stages import Stage
from ..stage_costs import with_token_columns
from .style import dots, dots_note, label_powers, panels, what

PREFILLS = (Stage.BASE_PREFILL, Stage.TEACHER_PREFILL)


def draw(timings: pd.DataFrame) -> Figure:
    """A dot per request of any method, and the line a + b · tokens of least relative squares."""
    shown = panels(timings)
    figure, axes = plt.subplots(
        len(shown), 1, figsize=(8, 3.4 * len(shown) + 0.8), squeeze=False, sharex=True
    )
    for axis, (title, rows) in zip(axes[:, 0], shown, strict=True):
        rows = with_token_columns(rows)
        for stage in PREFILLS:
            points = rows[[stage.tokens, stage.key]].dropna()
            if len(points):
                _dots_and_line(axis, points, stage)
        lengths = rows[[stage.tokens for stage in PREFILLS]].stack()
        if lengths.max() > 10 * lengths.min():  # short prompts would vanish beside long ones
            axis.set_xscale("log")
            axis.set_yscale("log")
            label_powers(axis)
        else:
            axis.set_ylim(bottom=0)
        axis.set_ylabel("prefill time (ms)")
        axis.set_title(title, loc="left")
        axis.grid(alpha=0.3)
        axis.legend(frameon=False, fontsize=9, loc="upper left")
    note = dots_note(rows[[stage.key]].dropna() for _, rows in shown for stage in PREFILLS)
    axes[-1, 0].set_xlabel(f"prompt tokens that the model reads in prefill (tokens){note}")
    figure.suptitle(f"Prefill against prompt length\n{what(timings)}", fontsize=11)
    return figure


def _dots_and_line(axis: plt.Axes, points: pd.DataFrame, stage: Stage) -> None:
    lengths, times = points.to_numpy(float).T
    name: str | None = stage.label
    if len(np.unique(lengths)) > 1:
        slope, start = np.polyfit(lengths, times, 1, w=1 / times)
        along = np.geomspace(lengths.min(), lengths.max(), 100)
        line = start + slope * along
        fit = f"{name}: {start:.3g} ms + {slope * 1e3:.3g} µs · tokens"
        axis.plot(along[line > 0], line[line > 0], color=stage.colour, label=fit)
        name = None  # the line has one
    lengths, times = dots(points).to_numpy(float).T
    axis.plot(lengths, times, ".", color=stage.colour, alpha=0.5, label=name)
