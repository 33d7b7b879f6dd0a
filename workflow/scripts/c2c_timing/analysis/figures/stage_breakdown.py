"""Where the time of a request goes, per data set, all methods side by side: in ms, and in shares."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from ...stages import Stage
from . import layout
from .choice import chosen, left_out, number_of
from .stacks import draw_stacks


def draw(timings: pd.DataFrame) -> Figure:
    """Stacked bars of the median of each stage; a panel per pair, runtime and length view.

    Shares stand beside the times where panels stand below each other.
    """
    parts = {stage: stage.key for stage in Stage}
    kept = chosen(timings)
    figure, axes = draw_stacks(layout.fitting(kept), parts, "total_time_ms", (3, 2))
    for panel in layout.lowest(axes):
        milliseconds, *shares = panel[-1]
        milliseconds.set_xlabel(layout.wrapped(axes, "time of a request (ms)"))
        for axis in shares:
            axis.set_xlabel("share of the request (%)")
    layout.name_figure(
        figure, "Stages of a request", kept,
        "bars: median of each stage; dots, lines, numbers: median and quartiles of the request",
        left_out(len(axes), number_of(timings)),
    )  # fmt: skip
    return figure
