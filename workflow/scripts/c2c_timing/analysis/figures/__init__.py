"""One module a figure; each draws from the merged records alone."""

from __future__ import annotations

from . import (
    break_even,
    decode_step_time,
    prefill_vs_prompt_length,
    speedup,
    stage_breakdown,
    throughput,
)

FIGURES = {
    "stage_breakdown": stage_breakdown.draw,
    "throughput": throughput.draw,
    "decode_step_time": decode_step_time.draw,
    "prefill_vs_prompt_length": prefill_vs_prompt_length.draw,
    "speedup": speedup.draw,
    "break_even": break_even.draw,
}
