"""Stage timers: a chain of marks, so that every moment of a request belongs to exactly one stage."""

from __future__ import annotations

import time
from dataclasses import dataclass

from ..stages import Stage


@dataclass(frozen=True)
class Reading:
    """What the clock saw of one request.

    Attributes:
        marks: every stage in the order it ended, with its duration in ms; a stage may come often.
        taken_back: decode steps that ran beyond the end of a text, and are in no mark.
        wall_ms: host time from before the first stage until after the last token is on the host.
    """

    marks: list[tuple[Stage, float]]
    wall_ms: float
    taken_back: int = 0

    def durations_ms(self, stage: Stage) -> list[float]:
        """Every duration booked to a stage; empty if the request has no such stage."""
        return [ms for name, ms in self.marks if name is stage]

    def total_ms(self, stage: Stage) -> float | None:
        """The sum booked to a stage; None if the request has no such stage."""
        durations = self.durations_ms(stage)
        return sum(durations) if durations else None


class StageClock:
    """The host's clock: for devices that have finished when a call returns (CPU)."""

    def start(self) -> None:
        """Begin a request; the first stage begins here."""
        self._stages: list[Stage] = []
        self._times: list[int] = []
        self._taken_back = 0
        self._wall_start = time.perf_counter_ns()
        self._times.append(time.perf_counter_ns())

    def mark(self, stage: Stage) -> None:
        """End a stage here, and begin the next one."""
        self._times.append(time.perf_counter_ns())
        self._stages.append(stage)

    def take_back(self) -> None:
        """The last mark was of a step that nobody needed."""
        self._stages.pop()
        self._times.pop()
        self._taken_back += 1

    def stop(self) -> None:
        """The last token is on the host."""
        self._wall_stop = time.perf_counter_ns()

    def read(self) -> Reading:
        """Durations of the request that was stopped last."""
        wall_ms = (self._wall_stop - self._wall_start) / 1e6
        return Reading(self._marks_ms(), wall_ms, self._taken_back)

    def _marks_ms(self) -> list[tuple[Stage, float]]:
        pairs = zip(self._times, self._times[1:], strict=False)
        return [
            (stage, (end - begin) / 1e6)
            for stage, (begin, end) in zip(self._stages, pairs, strict=True)
        ]


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
        self._taken_back = 0
        self._wall_start = time.perf_counter_ns()
        self._pool[0].record()

    def mark(self, stage: Stage) -> None:
        """End a stage here in the stream's order, and begin the next one."""
        self._stages.append(stage)
        self._pool[len(self._stages)].record()

    def take_back(self) -> None:
        """The last mark was of a step that nobody needed."""
        self._stages.pop()
        self._taken_back += 1

    def _marks_ms(self) -> list[tuple[Stage, float]]:
        self._pool[len(self._stages)].synchronize()
        events = self._pool[: len(self._stages) + 1]
        return [
            (stage, begin.elapsed_time(end))
            for stage, begin, end in zip(self._stages, events, events[1:], strict=False)
        ]


def clock_for(device_type: str, max_marks: int) -> StageClock:
    """The clock of a device; ``max_marks`` is the most stages (decode steps included) it will see."""
    return CudaStageClock(max_marks) if device_type == "cuda" else StageClock()
