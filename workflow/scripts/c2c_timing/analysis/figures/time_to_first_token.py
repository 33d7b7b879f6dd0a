"""What a reader waits for before the first token: its stages, per method, runtime and data set."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from ...stages import STAGE_KEYS, Stage
from . import layout
from .choice import chosen, left_out, number_of
from .stacks import draw_stacks
from .style import NothingToDrawError


def draw(timings: pd.DataFrame) -> Figure:
    """Stacked bars of the median of each stage before the answer, and of the answer's first step.

    Raises:
        NothingToDrawError: no record has a time to its first token.
    """
    timings = timings[timings["ttft_ms"].notna()]
    if timings.empty:
        raise NothingToDrawError("no record has a time to its first token")
    before = [key for key in STAGE_KEYS if key != Stage.DECODE.key]
    first = timings["ttft_ms"] - timings[before].astype(float).sum(axis=1)
    parts = {stage: stage.key for stage in Stage}
    kept = chosen(timings.assign(**{Stage.DECODE.key: first.clip(lower=0)}))
    figure, axes = draw_stacks(layout.fitting(kept), parts, "ttft_ms", (3, 2))
    for panel in layout.lowest(axes):
        milliseconds, *shares = panel[-1]
        milliseconds.set_xlabel(layout.wrapped(axes, "time to the first token (ms)"))
        for axis in shares:
            axis.set_xlabel("share of that time (%)")
    layout.name_figure(
        figure, "Time to the first token", kept,
        "bars: median of each stage, of decode the first step alone",
        "dots, lines, numbers: median and quartiles of the whole",
        left_out(len(axes), number_of(timings)),
    )  # fmt: skip
    return figure
