"""The peak of memory in each stage of one request."""

from __future__ import annotations

from typing import Any

from ...meters.clock import NullClock
from ...meters.peak_memory import PeakMemory
from ...session import Session, Trial
from ...stages import Stage


class MemoryClock(NullClock):
    """Reads the peak where a stage ends. Allocators count when a call is made: nothing must wait."""

    def __init__(self, memory: PeakMemory) -> None:
        self._memory = memory
        self.peaks: dict[Stage, int | None] = {}

    def start(self) -> None:
        """The first stage begins here."""
        self._memory.reset()

    def mark(self, stage: Stage) -> None:
        """Keep the largest peak of a stage that comes often."""
        peak = self._memory.peak_bytes()
        self.peaks[stage] = None if peak is None else max(peak, self.peaks.get(stage) or 0)
        self._memory.reset()


def memory_by_stage(session: Session, trial: Trial) -> dict[str, Any]:
    """Peak bytes of every stage and of the request, and what was held before it.

    On CUDA bytes of tensors, on a CPU resident memory of the process (which seldom shrinks: a stage
    that needs less than one before it shows that one's). None where the system does not tell. A step
    that ran in vain counts as the step that it is.
    """
    clock = MemoryClock(session.memory)
    session.memory.reset()
    before = session.memory.peak_bytes()
    session.answer(trial, clock)
    known = [peak for peak in clock.peaks.values() if peak is not None]
    return {
        "of": "device" if session.pair.device.type == "cuda" else "process",
        "before_bytes": before,
        "request_peak_bytes": max(known, default=None),
        "stage_peak_bytes": {stage.value: peak for stage, peak in clock.peaks.items()},
    }
