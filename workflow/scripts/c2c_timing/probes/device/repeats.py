"""Repeated timing of one call on one device, and its median with spread."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np
import torch

WARM_UPS = 2


def seconds_per_call(
    device: torch.device, call: Callable[[], object], calls: int, repeats: int
) -> list[float]:
    """Time ``calls`` calls in a row, ``repeats`` times; the mean seconds of one call in each.

    On CUDA they form one queue between two events, so that launching overlaps with running.
    """
    timed = _between_events if device.type == "cuda" else _on_the_host
    for _ in range(WARM_UPS):
        timed(call, calls)
    return [timed(call, calls) / calls for _ in range(repeats)]


def seconds_waiting(call: Callable[[], object], repeats: int) -> list[float]:
    """Host seconds of one call that waits for the device by itself."""
    for _ in range(WARM_UPS):
        call()
    return [_on_the_host(call, 1) for _ in range(repeats)]


def spread(values: Sequence[float]) -> dict[str, float | int]:
    """Median, p10 and p90 of repeats, and their number."""
    low, middle, high = np.quantile(values, [0.1, 0.5, 0.9])
    return {
        "median": float(middle),
        "p10": float(low),
        "p90": float(high),
        "repeats": len(values),
    }


def _on_the_host(call: Callable[[], object], calls: int) -> float:
    started = time.perf_counter()
    for _ in range(calls):
        call()
    return time.perf_counter() - started


def _between_events(call: Callable[[], object], calls: int) -> float:
    begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    torch.cuda.synchronize()
    begin.record()
    for _ in range(calls):
        call()
    end.record()
    end.synchronize()
    return begin.elapsed_time(end) / 1e3
