"""Energy of a request and of its stages, from the device's own counter (NVML)."""

from __future__ import annotations

import contextlib
import itertools
import time
from collections.abc import Callable
from statistics import median
from typing import Any

from .. import nvml_device
from ..clock import Stage, StageClock
from ..engine.request import Request
from ..progress import progress
from ..session import Session

# The counter moves every tenth of a second or so: less time than this would be noise.
WINDOW_SECONDS = 2.0
WINDOWS = 3


class FarEnough(Exception):  # noqa: N818
    """The last stage that is wanted has ended."""


class StopAfter(StageClock):
    """Ends a request after so many marks."""

    def __init__(self, marks: int) -> None:
        self._left = self._marks = marks

    def start(self) -> None:
        """A new request begins."""
        self._left = self._marks

    def mark(self, stage: Stage) -> None:
        """One stage less to go."""
        self._left -= 1
        if not self._left:
            raise FarEnough

    def stop(self) -> None:
        """The request was run to its end."""


def energy_by_stage(
    session: Session, method: str, request: Request, nvml: Any | None
) -> dict[str, Any] | None:
    """Energy by NVML's counter; None where there is no device or no counter."""
    if nvml is None or nvml_device.energy_joules(nvml) is None:
        return None
    return measure_energy(session, method, request, lambda: nvml_device.energy_joules(nvml))


def measure_energy(
    session: Session,
    method: str,
    request: Request,
    read_joules: Callable[[], float],
    window_seconds: float = WINDOW_SECONDS,
    windows: int = WINDOWS,
) -> dict[str, Any]:
    """Joules of a request, a token and every stage; the device's idle draw is in them.

    A stage cannot be repeated by itself, since it changes the caches. So the request is repeated up
    to the end of each stage, for a window long enough for the counter, and a stage's energy is what
    the longer beginning took more than the shorter one. All beginnings take turns, ``windows`` times;
    of each the median counts. Where a stage takes little, the noise of two beginnings may exceed it.
    """
    stages = _stages_of(session, method, request)
    ends = _last_marks(stages)
    runs: dict[int, list[float]] = {end: [] for _, end in ends}
    draws: list[float] = []
    turns = [end for _ in range(windows) for end in runs]
    for end in progress(turns, f"energy of {method}"):
        joules, seconds, count = _window(
            session, method, request, StopAfter(end), read_joules, window_seconds
        )
        runs[end].append(joules / count)
        draws.append(joules / seconds)
    reached = {end: median(values) for end, values in runs.items()}
    by_stage: dict[str, float] = {}
    for (stage, end), before in zip(ends, [0.0, *reached.values()], strict=False):
        by_stage[stage] = by_stage.get(stage, 0.0) + reached[end] - before
    whole, tokens = runs[len(stages)], stages.count(Stage.DECODE)
    return {
        "window_seconds": window_seconds,
        "windows": windows,
        "generated_tokens": tokens,
        "request_joules": median(whole),
        "request_joules_min": min(whole),
        "request_joules_max": max(whole),
        "joules_per_token": median(whole) / tokens,
        "stage_joules": by_stage,
        "mean_watts": median(draws),
    }


def _stages_of(session: Session, method: str, request: Request) -> list[Stage]:
    """Every stage of the request, in the order of their ends."""
    clock = StageClock()
    session.answer(method, request, clock)
    return [stage for stage, _ in clock.read().marks]


def _last_marks(stages: list[Stage]) -> list[tuple[Stage, int]]:
    """Runs of one stage: its name, and the number of marks at its end. All decode steps are one."""
    ends, marks = [], 0
    for stage, run in itertools.groupby(stages):
        marks += len(list(run))
        ends.append((stage, marks))
    return ends


def _window(
    session: Session,
    method: str,
    request: Request,
    clock: StopAfter,
    read_joules: Callable[[], float],
    window_seconds: float,
) -> tuple[float, float, int]:
    """Joules, seconds and number of requests, one after the other until the window is full."""
    _run_to(session, method, request, clock)
    joules, begun, count = read_joules(), time.perf_counter(), 0
    while time.perf_counter() - begun < window_seconds:
        _run_to(session, method, request, clock)
        count += 1
    seconds = time.perf_counter() - begun
    return read_joules() - joules, seconds, count


def _run_to(session: Session, method: str, request: Request, clock: StopAfter) -> None:
    with contextlib.suppress(FarEnough):
        session.answer(method, request, clock)
    session.finish()
