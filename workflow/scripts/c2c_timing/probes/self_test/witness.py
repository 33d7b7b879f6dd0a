"""Known delays inside the stages of a request, and independent readings of what they really took.

The methods stay as they are: the calls which a stage consists of (``stage_calls``) wait a while at
their end, and it is noted when each began and ended.
"""

from __future__ import annotations

import functools
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from ...stages import Stage

# Longer than any host takes to launch a stage of the tiny pair.
HEAD_START_MS = 30.0


@dataclass(frozen=True)
class Took:
    """What the calls of one stage took in one request, by the witness.

    Attributes:
        total_ms: the calls, delays included.
        delay_ms: the delays alone.
    """

    total_ms: float = 0.0
    delay_ms: float = 0.0


class Witness:
    """Sleeps on the host, and reads a clock that is not the stage timers' own.

    Args:
        delayed: the stage whose calls are delayed; None delays none.
        delay_ms: how long each of them is to wait.
    """

    def __init__(self, delayed: Stage | None, delay_ms: float) -> None:
        self.delayed, self.delay_ms = delayed, delay_ms
        self._noted: list[tuple[Stage, Any, Any, Any]] = []

    def make(self, stage: Stage, call: Callable, *args: Any) -> Any:
        """Make a call of a stage, delay its end where that is asked for, and note the times."""
        begin = self._now()
        if not self._noted or stage is not self._noted[-1][0]:
            self._give_head_start()
        result = call(*args)
        called = self._now()
        if stage is self.delayed:
            self._pause()
        self._noted.append((stage, begin, called, self._now()))
        return result

    def read(self) -> dict[Stage, Took]:
        """What each stage took; to be asked for after the request."""
        totals: dict[Stage, Took] = defaultdict(Took)
        for stage, begin, called, end in self._noted:
            totals[stage] = Took(
                totals[stage].total_ms + self._ms_between(begin, end),
                totals[stage].delay_ms + self._ms_between(called, end),
            )
        return dict(totals)

    def _now(self) -> Any:
        return time.clock_gettime_ns(time.CLOCK_MONOTONIC_RAW)

    def _give_head_start(self) -> None:
        """A device that works while the host goes on is kept busy at the beginning of a stage."""

    def _pause(self) -> None:
        time.sleep(self.delay_ms / 1e3)

    def _ms_between(self, begin: Any, end: Any) -> float:
        return (end - begin) / 1e6


class CudaWitness(Witness):
    """Keeps the device busy, and reads events of its own on the same stream.

    A delay lets the host run ahead, and stages that wait for the host get shorter. That is no fault of
    a clock. So every stage of every request, delayed or not, begins with work for the device that lasts
    until the host has asked for all of the stage; clock and witness both see it.
    """

    def _now(self) -> torch.cuda.Event:
        event = torch.cuda.Event(enable_timing=True)
        event.record()
        return event

    def _give_head_start(self) -> None:
        _keep_busy(HEAD_START_MS)

    def _pause(self) -> None:
        _keep_busy(self.delay_ms)

    def _ms_between(self, begin: torch.cuda.Event, end: torch.cuda.Event) -> float:
        end.synchronize()
        return begin.elapsed_time(end)


def _keep_busy(ms: float) -> None:
    torch.cuda._sleep(round(ms * _cycles_per_ms(torch.cuda.current_device())))


@functools.cache
def _cycles_per_ms(device: int) -> float:
    """Cycles that the busy kernel waits in a millisecond; the second of two runs, at full clocks."""
    cycles = 20_000_000
    with torch.cuda.device(device):
        for _ in range(2):
            begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
            begin.record()
            torch.cuda._sleep(cycles)
            end.record()
            end.synchronize()
    return cycles / begin.elapsed_time(end)


def witness_for(device_type: str) -> type[Witness]:
    """The witness of a device."""
    return CudaWitness if device_type == "cuda" else Witness
