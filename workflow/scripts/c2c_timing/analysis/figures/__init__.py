"""One module a figure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from . import (
    break_even,
    decode_step_time,
    drift,
    ladder,
    prefill_vs_prompt_length,
    roofline,
    selection,
    speedup,
    stage_breakdown,
    throughput,
    time_to_first_token,
)

# From the merged records alone.
FIGURES: dict[str, Callable[..., Figure]] = {
    "stage_breakdown": stage_breakdown.draw,
    "time_to_first_token": time_to_first_token.draw,
    "throughput": throughput.draw,
    "decode_step_time": decode_step_time.draw,
    "prefill_vs_prompt_length": prefill_vs_prompt_length.draw,
    "drift": drift.draw,
    "speedup": speedup.draw,
    "break_even": break_even.draw,
    "ladder": ladder.draw,
    "ladder_by_data_set": ladder.draw_by_data_set,
}
# From the table of bottlenecks, and the measured limits of the device.
FLOOR_FIGURES = {"roofline": roofline.draw}
# What reads the times of all steps, besides the numbers of a request.
WITH_STEPS = {"decode_step_time"}
# What shows verdicts, which a margin decides.
WITH_MARGIN = {"speedup", "ladder", "ladder_by_data_set"}
# Panels that a screen holds, of figures whose panels are not of the usual height.
MOST_PANELS = 6
OF_OTHER_HEIGHTS = {"break_even": 3, "decode_step_time": 3, "speedup": 4}
WITH_RUNTIMES_TOGETHER = {"ladder", "ladder_by_data_set"}


def drawn(name: str, timings: pd.DataFrame, **options: Any) -> Figure:
    """One of ``FIGURES``, of as many panels as can be read; its heading says how many there would be.

    Raises:
        NothingToDrawError: the records have nothing that it could show.
    """
    most = OF_OTHER_HEIGHTS.get(name, MOST_PANELS)
    if name == "ladder_by_data_set":  # a column each, in two lines of them
        most = max(1, 2 * MOST_PANELS // timings["dataset"].nunique())
    shown, left_out = selection.chosen(timings, most, name in WITH_RUNTIMES_TOGETHER)
    figure = FIGURES[name](shown, **options)
    if left_out:
        figure.suptitle(f"{figure.get_suptitle()}\n{left_out}", fontsize=9)
    return figure
