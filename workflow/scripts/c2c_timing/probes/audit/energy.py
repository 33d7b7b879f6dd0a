"""Energy of a request and of its stages, from the device's own counter (NVML)."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from statistics import median
from typing import Any

from ...engine.runtimes import Cache
from ...meters import nvml
from ...meters.clock import NullClock, StageClock
from ...progress import progress
from ...session import Session, Trial
from ...stages import Stage
from ..stage_calls import answer_through

# The counter moves some times a second: much less time than this would be noise.
WINDOW_SECONDS = 2.0
WINDOWS = 3


class EnergyMeter:
    """Joules of one action, which is repeated until the window is long enough for the counter."""

    def __init__(
        self, read_joules: Callable[[], float], finish: Callable[[], None], window_seconds: float
    ) -> None:
        self._read_joules, self._finish, self._window = read_joules, finish, window_seconds

    def joules_of(self, action: Callable[[], Any]) -> float:
        """The device's idle draw while it waits for the host is in it."""
        self._finish()
        joules, begun, count = self._read_joules(), time.perf_counter(), 0
        while not count or time.perf_counter() - begun < self._window:
            action()
            count += 1
        self._finish()
        return (self._read_joules() - joules) / count


class RepeatingClock(NullClock):
    """At the end of wanted stages the stage's calls are made again and again, under a meter.

    It makes the calls too (``stage_calls``). Before a call is made again its caches are as they were,
    so that the same is written, and the request goes on as if nothing had happened.
    """

    def __init__(self, meter: EnergyMeter, wanted: Sequence[int]) -> None:
        self._meter, self._wanted = meter, wanted
        self._calls: list[Callable[[], Any]] = []
        self._marks = 0
        self.joules: dict[int, float] = {}

    def make(self, stage: Stage, call: Callable, *args: Any) -> Any:
        """Make a call of the stage, and remember how to make it again."""
        if self._marks not in self._wanted:
            return call(*args)
        caches = [_CacheBefore(cache) for cache in args if hasattr(cache, "set_back")]

        def again() -> None:
            for cache in caches:
                cache.put_back()
            call(*args)

        self._calls.append(again)
        return call(*args)

    def mark(self, stage: Stage) -> None:
        """A stage ends."""
        if self._marks in self._wanted:
            calls = self._calls
            self.joules[self._marks] = (
                self._meter.joules_of(lambda: [call() for call in calls]) if calls else 0.0
            )
        self._marks += 1
        self._calls = []

    def take_back(self) -> None:
        """The stage that ended last was a step too many: places count what is kept."""
        self._marks -= 1


class _CacheBefore:
    """A cache as it was before a call."""

    def __init__(self, cache: Cache) -> None:
        self._cache, self._length = cache, cache.get_seq_length()
        self._contents = [tensor.clone() for tensor in cache.tensors()]

    def put_back(self) -> None:
        """What was appended is forgotten; what was written over (projections) is copied back."""
        if self._cache.get_seq_length() == self._length:
            for tensor, before in zip(self._cache.tensors(), self._contents, strict=True):
                tensor.copy_(before)
        else:
            self._cache.set_back(self._length)


def energy_by_stage(session: Session, trial: Trial) -> dict[str, Any] | None:
    """Energy by NVML's counter; None where there is no device or no counter."""
    handle = nvml.handle_of(session.pair.device)
    if handle is None or nvml.energy_joules(handle) is None:
        return None
    return measure_energy(session, trial, lambda: nvml.energy_joules(handle) or 0.0)


def measure_energy(
    session: Session,
    trial: Trial,
    read_joules: Callable[[], float],
    window_seconds: float = WINDOW_SECONDS,
    windows: int = WINDOWS,
) -> dict[str, Any]:
    """Joules of a request, of a token (the request's, shared by its tokens) and of every stage.

    The whole request is repeated for a window; so are the calls of each stage in its place within a
    request, and of many like steps in a row (decoding) those of the middle one, times their number.
    What a stage does besides its calls (``stage_calls``) is in the request alone. Medians over
    ``windows`` turns; of the request also the least and the most.
    """
    meter = EnergyMeter(read_joules, session.finish, window_seconds)
    stages = _stages_of(session, trial)
    runs = list(_runs(stages))
    whole: list[float] = []
    parts: list[dict[Stage, float]] = []
    for _ in progress(range(windows), f"energy of {trial.method}", unit="turn"):
        whole.append(meter.joules_of(lambda: session.answer(trial, NullClock())))
        parts.append(_stage_joules(session, trial, meter, runs))
    tokens = stages.count(Stage.DECODE)
    return {
        "window_seconds": window_seconds,
        "windows": windows,
        "generated_tokens": tokens,
        "request_joules": median(whole),
        "request_joules_min": min(whole),
        "request_joules_max": max(whole),
        "joules_per_token": median(whole) / tokens,
        "stage_joules": {
            stage.value: median(part[stage] for part in parts) for stage in dict.fromkeys(stages)
        },
    }


def _stages_of(session: Session, trial: Trial) -> list[Stage]:
    """Every stage of the request, in the order of their ends."""
    clock = StageClock()
    session.answer(trial, clock)
    return [stage for stage, _ in clock.read().marks]


def _runs(stages: Sequence[Stage]) -> Iterator[tuple[Stage, int, int]]:
    """Of each run of one stage: its name, its length, the place of its middle among all marks."""
    place = 0
    for stage, run in itertools.groupby(stages):
        length = len(list(run))
        yield stage, length, place + length // 2
        place += length


def _stage_joules(
    session: Session,
    trial: Trial,
    meter: EnergyMeter,
    runs: Sequence[tuple[Stage, int, int]],
) -> dict[Stage, float]:
    clock = RepeatingClock(meter, [middle for _, _, middle in runs])
    answer_through(session, trial, clock, maker=clock)
    joules = dict.fromkeys((stage for stage, _, _ in runs), 0.0)
    for stage, length, middle in runs:
        joules[stage] += length * clock.joules[middle]
    return joules
