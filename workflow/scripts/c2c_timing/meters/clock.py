"""Stage timers: a chain of marks, so that every moment of a request belongs to exactly one stage."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import NamedTuple

from ..stages import Stage


class StepInVain(NamedTuple):
    """A decode step that ran beyond the end of a text, before the host knew of the end.

    Attributes:
        after: the number of marks before it.
        ms: from the last of them to its own end; what the host does meanwhile runs beside it.
    """

    after: int
    stage: Stage
    ms: float


@dataclass(frozen=True)
class Reading:
    """What the clock saw of one request.

    Attributes:
        marks: every stage in the order it ended, with its duration in ms; a stage may come often.
        wall_ms: host time from before the first stage until after the last token is on the host.
        in_vain: steps without a mark; the mark that follows one lasts from the mark before it.
    """

    marks: list[tuple[Stage, float]]
    wall_ms: float
    in_vain: list[StepInVain] = field(default_factory=list)

    def durations_ms(self, stage: Stage) -> list[float]:
        """Every duration booked to a stage; empty if the request has no such stage."""
        return [ms for name, ms in self.marks if name is stage]

    def total_ms(self, stage: Stage) -> float | None:
        """The sum booked to a stage; None if the request has no such stage."""
        durations = self.durations_ms(stage)
        return sum(durations) if durations else None

    def in_vain_ms(self, stage: Stage) -> list[float]:
        """What each step of a stage took that ran beyond the end of its text."""
        return [step.ms for step in self.in_vain if step.stage is stage]


class StageClock:
    """The host's clock: for devices that have finished when a call returns (CPU)."""

    def start(self) -> None:
        """Begin a request; the first stage begins here."""
        self._stages: list[Stage] = []
        self._times: list[int] = []
        self._taken_back: list[int] = []
        self._wall_start = time.perf_counter_ns()
        self._times.append(time.perf_counter_ns())

    def mark(self, stage: Stage) -> None:
        """End a stage here, and begin the next one."""
        self._times.append(time.perf_counter_ns())
        self._stages.append(stage)

    def take_back(self) -> None:
        """The last mark was of a step that nobody needed."""
        self._taken_back.append(len(self._stages) - 1)

    def stop(self) -> None:
        """The last token is on the host."""
        self._wall_stop = time.perf_counter_ns()

    def read(self) -> Reading:
        """Durations of the request that was stopped last."""
        wall_ms = (self._wall_stop - self._wall_start) / 1e6
        reading, begin = Reading([], wall_ms), 0
        for place, stage in enumerate(self._stages):
            ms = self._ms_between(begin, place + 1)
            if place in self._taken_back:
                reading.in_vain.append(StepInVain(len(reading.marks), stage, ms))
            else:
                reading.marks.append((stage, ms))
                begin = place + 1
        return reading

    def _ms_between(self, begin: int, end: int) -> float:
        """Between two moments: 0 is the start, n the n-th mark."""
        return (self._times[end] - self._times[begin]) / 1e6


class NullClock(StageClock):
    """Has a clock's face and sees nothing: what is left is the bare request."""

    def start(self) -> None:
        """Nothing."""

    def mark(self, stage: Stage) -> None:
        """Nothing."""

    def take_back(self) -> None:
        """Nothing."""

    def stop(self) -> None:
        """Nothing."""

    def read(self) -> Reading:
        """No marks."""
        return Reading([], 0.0)


class CudaStageClock(StageClock):
    """CUDA events on the current stream, read only after the request; nothing waits in between."""

    def __init__(self, max_marks: int) -> None:
        import torch

        self._cuda = torch.cuda
        self._pool = [torch.cuda.Event(enable_timing=True) for _ in range(max_marks + 1)]

    def start(self) -> None:
        """Let earlier work finish, then begin a request."""
        self._cuda.synchronize()
        self._stages = []
        self._taken_back = []
        self._wall_start = time.perf_counter_ns()
        self._pool[0].record()

    def mark(self, stage: Stage) -> None:
        """End a stage here in the stream's order, and begin the next one."""
        self._stages.append(stage)
        self._pool[len(self._stages)].record()

    def read(self) -> Reading:
        """Durations of the request that was stopped last, once the device has finished it."""
        self._pool[len(self._stages)].synchronize()
        return super().read()

    def _ms_between(self, begin: int, end: int) -> float:
        ms: float = self._pool[begin].elapsed_time(self._pool[end])
        return ms


def clock_for(device_type: str, max_marks: int) -> StageClock:
    """The clock of a device; ``max_marks`` is the most stages (decode steps included) it will see."""
    return CudaStageClock(max_marks) if device_type == "cuda" else StageClock()
