"""Prefill time of base and teacher against the length of the prompt."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from .style import STAGE_COLOURS, STAGE_NAMES, groups, label_powers, what

MODELS = ["base_prefill_ms", "teacher_prefill_ms"]


def draw(timings: pd.DataFrame) -> Figure:
    """A dot per request, and the line a + b · tokens of least relative squares."""
    shown = groups(timings)
    figure, axes = plt.subplots(
        len(shown), 1, figsize=(8, 3.4 * len(shown) + 0.8), squeeze=False, sharex=True
    )
    for axis, ((pair, method), rows) in zip(axes[:, 0], shown, strict=True):
        for column in MODELS:
            points = rows[["prompt_length", column]].dropna()
            if points.empty:
                continue
            lengths, times = points["prompt_length"].to_numpy(float), points[column].to_numpy()
            name, colour = STAGE_NAMES[column], STAGE_COLOURS[column]
            if len(np.unique(lengths)) > 1:
                slope, start = np.polyfit(lengths, times, 1, w=1 / times)
                along = np.geomspace(lengths.min(), lengths.max(), 100)
                line = start + slope * along
                fit = f"{name}: {start:.3g} ms + {slope * 1e3:.3g} µs · tokens"
                axis.plot(along[line > 0], line[line > 0], color=colour, label=fit)
                name = None
            axis.plot(lengths, times, ".", color=colour, alpha=0.5, label=name)
        if _is_wide(timings["prompt_length"]):
            axis.set_xscale("log")
            axis.set_yscale("log")
            label_powers(axis)
        else:
            axis.set_ylim(bottom=0)
        axis.set_ylabel("prefill time (ms)")
        axis.set_title(f"{pair}, {method}", loc="left")
        axis.grid(alpha=0.3)
        axis.legend(frameon=False, fontsize=9, loc="upper left")
    axes[-1, 0].set_xlabel("prompt length (tokens)")
    figure.suptitle(f"Prefill against prompt length\n{what(timings)}", fontsize=11)
    return figure


def _is_wide(lengths: pd.Series) -> bool:
    """Whether short prompts would vanish beside long ones on a linear axis."""
    return lengths.max() > 10 * lengths.min()
