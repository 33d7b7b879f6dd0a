"""Where the time of a request goes, per data set: in ms, and in shares."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from ..records import STAGES
from .style import STAGE_COLOURS, STAGE_NAMES, groups, what


def draw(timings: pd.DataFrame) -> Figure:
    """Stacked bars of the mean of each stage; one line of panels per pair and method."""
    shown = groups(timings)
    rows_each = timings["dataset"].nunique()
    height = sum(0.36 * rows_each + 1.1 for _ in shown) + 1.0
    figure, axes = plt.subplots(
        len(shown), 2, figsize=(10, height), squeeze=False, width_ratios=[3, 2]
    )
    for (milliseconds, shares), ((pair, method), rows) in zip(axes, shown, strict=True):
        means = rows.groupby("dataset")[STAGES].mean().fillna(0).sort_index(ascending=False)
        totals = means.sum(axis=1)
        _stack(milliseconds, means)
        _stack(shares, means.div(totals, axis=0) * 100)
        for position, total in enumerate(totals):
            milliseconds.text(total, position, f" {total:.3g}", va="center", fontsize=9)
        milliseconds.set_xlim(0, totals.max() * 1.13)
        milliseconds.set_xlabel("mean time per request (ms)")
        milliseconds.set_title(f"{pair}, {method}", loc="left")
        shares.set_xlabel("share of the request (%)")
        shares.set_yticklabels([])
        shares.set_xlim(0, 100)
    handles = [plt.Rectangle((0, 0), 1, 1, color=STAGE_COLOURS[stage]) for stage in STAGES]
    figure.legend(
        handles, [STAGE_NAMES[s] for s in STAGES], ncols=6, loc="outside lower center",
        frameon=False, fontsize=9, columnspacing=1.2, handlelength=1.2,
    )  # fmt: skip
    figure.suptitle(f"Stages of a request\n{what(timings)}", fontsize=11)
    return figure


def _stack(axis: plt.Axes, values: pd.DataFrame) -> None:
    left = pd.Series(0.0, index=values.index)
    for stage in STAGES:
        axis.barh(
            range(len(values)), values[stage], left=left, color=STAGE_COLOURS[stage], height=0.7
        )
        left += values[stage]
    axis.set_yticks(range(len(values)), values.index)
