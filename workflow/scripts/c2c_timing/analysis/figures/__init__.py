"""One module a figure."""

from __future__ import annotations

from collections.abc import Callable

from matplotlib.figure import Figure

from . import (
    break_even,
    decode_step_time,
    drift,
    ladder,
    prefill_vs_prompt_length,
    roofline,
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
