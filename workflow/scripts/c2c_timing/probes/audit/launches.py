"""Kernels, waits and copies of every stage of one request, under torch's profiler."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import UserError
from ...meters.clock import NullClock, Reading
from ...session import Session, Trial
from ...stages import Stage
from .trace import work_by_stage

if TYPE_CHECKING:
    from torch.profiler import profile

PREFIX = "stage: "
# After the last stage has ended: the tokens go to the host.
RESIDUAL = "residual"
# Steps beyond the end of a text that ran before the host knew of it.
IN_VAIN = "in_vain"


class RangeClock(NullClock):
    """Shows stages as named ranges in a trace, and times nothing.

    A stage's name is known when it ends, but a range needs its name when it begins: ``expected`` are
    the stages of the same request before (``ranges_of``).
    """

    def __init__(self, expected: Sequence[str]) -> None:
        from torch.profiler import record_function

        self._expected, self._range_of = expected, record_function
        self.stages: list[str] = []

    def start(self) -> None:
        """Begin the first range."""
        self._open()

    def mark(self, stage: Stage) -> None:
        """End a range where a stage ends."""
        self.stages.append(stage)
        self._range.__exit__(None, None, None)
        self._open()

    def take_back(self) -> None:
        """The last range was of a step that nobody needed."""
        self.stages[-1] = IN_VAIN

    def stop(self) -> None:
        """The last range holds what follows the last stage."""
        self._range.__exit__(None, None, None)

    def _open(self) -> None:
        number = len(self.stages)
        name = self._expected[number] if number < len(self._expected) else RESIDUAL
        self._range = self._range_of(PREFIX + name)
        self._range.__enter__()


def ranges_of(reading: Reading) -> list[str]:
    """A request's stages in the order in which they ended, with the steps that ran in vain."""
    names: list[str] = [stage for stage, _ in reading.marks]
    for step in reversed(reading.in_vain):
        names.insert(step.after, IN_VAIN)
    return names


def profile_request(
    session: Session, trial: Trial, expected: Sequence[str]
) -> tuple[profile, RangeClock]:
    """One request under the profiler, its stages as ranges in the trace; the one before warms it up."""
    from torch.profiler import ProfilerActivity, profile, schedule

    activities = [ProfilerActivity.CPU]
    if session.pair.device.type == "cuda":
        activities.append(ProfilerActivity.CUDA)
    turns = schedule(wait=0, warmup=1, active=1)
    with profile(activities=activities, schedule=turns, acc_events=True) as profiler:
        for is_kept in (False, True):
            clock = RangeClock(expected)
            session.answer(trial, clock)
            session.finish()
            if not is_kept:
                profiler.step()
    return profiler, clock


def audit_launches(session: Session, trial: Trial) -> dict[str, Any]:
    """Of every stage the work that ``work_by_stage`` finds in the trace; and the stages' times.

    The request runs twice without the profiler: what is new to this length is done then, and
    ``time_ms`` is the second one's.
    """
    clock = session.new_clock(trial)
    for _ in range(2):
        session.answer(trial, clock)
    reading = clock.read()
    profiler, ranges = profile_request(session, trial, ranges_of(reading))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trace.json"
        profiler.export_chrome_trace(str(path))
        return launches_in(path, ranges, reading, session)


def launches_in(
    trace: Path, ranges: RangeClock, reading: Reading, session: Session
) -> dict[str, Any]:
    """What a trace file says of the stages.

    Args:
        reading: of the same request without the profiler, for ``time_ms``.

    Raises:
        UserError: the device is there, but the profiler saw nothing of it.
    """
    events = json.loads(trace.read_text(encoding="utf-8"))["traceEvents"]
    times_ms: dict[str, float | None] = {stage: reading.total_ms(stage) for stage in Stage}
    times_ms[IN_VAIN] = sum(step.ms for step in reading.in_vain)
    is_cuda = session.pair.device.type == "cuda"
    found = work_by_stage(events, [*ranges.stages, RESIDUAL], PREFIX, times_ms, is_cuda)
    if is_cuda and not any(work["kernels"] for work in found.values()):
        raise UserError("torch's profiler saw no kernels; end other profilers of this device")
    return found
