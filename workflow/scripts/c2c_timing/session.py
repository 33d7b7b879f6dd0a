"""A loaded pair on its device, under every runtime of the run: tasks become answers with times."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .loaded import LoadedPair
from .meters.clock import NullClock, Reading, StageClock, clock_for
from .meters.wall_times import WallTimes
from .method_table import method_of
from .record import timing_of
from .settings import RunSettings

if TYPE_CHECKING:
    from .methods.task import Answer, Task


@dataclass(frozen=True)
class Trial:
    """One task, to be run by one method under one runtime.

    Attributes:
        method: or its second arm (``method_table.again``).
    """

    method: str
    runtime: str
    task: Task


@dataclass(frozen=True)
class Timed:
    """One timed request.

    Attributes:
        started_at: in UTC (ISO 8601).
        peak_memory_bytes: while it ran; None where it cannot be known.
        other_runtimes_bytes: what of it other runtimes hold; None where it cannot be known.
        scratch_bytes: what replayed work needs besides.
    """

    started_at: str
    answer: Answer
    reading: Reading
    timing: dict
    peak_memory_bytes: int | None
    other_runtimes_bytes: int | None
    scratch_bytes: int


class Session:
    """A loaded pair, for any number of shards of one run.

    Attributes:
        loaded: the pair, which may have served other sessions.
    """

    def __init__(
        self, settings: RunSettings, walls: WallTimes, loaded: LoadedPair | None = None
    ) -> None:
        """Load the pair, unless it is given.

        Raises:
            UserError: it cannot be loaded.
        """
        self.loaded = loaded = loaded or LoadedPair(settings, walls)
        with walls.book("imports"):
            import torch

            from .engine.pair import describe
            from .prepare import Preparation
        self.settings, self.torch = settings, torch
        self.card, self.pair, self.running = loaded.card, loaded.pair, loaded.running
        self.memory, self.held_bytes = loaded.memory, loaded.held_bytes
        self.model_config = describe(self.card, settings.dtype, self.pair.device)
        self.methods = loaded.methods
        self.preparation = Preparation(settings, self.pair, self.methods)

    def time_request(self, trial: Trial) -> Timed:
        """One timed request.

        Raises:
            NotReadyError: the runtime has to build something first (``make_ready``).
        """
        clock = self.new_clock(trial)
        self.memory.reset()
        started_at = datetime.datetime.now(datetime.UTC).isoformat()
        try:
            with self.running[trial.runtime].builder.sealed():
                answer = self.answer(trial, clock)
        except self.torch.OutOfMemoryError as error:  # others let go of what they hold, then again
            from .engine.runtimes import NotReadyError

            raise NotReadyError(str(error)) from error
        peak_memory_bytes = self.memory.peak_bytes()
        reading = clock.read()
        return Timed(
            started_at,
            answer,
            reading,
            timing_of(reading, answer.projector_calls, trial.task.tokenize_ms),
            peak_memory_bytes,
            self.loaded.held_by_others(trial.runtime),
            self.running[trial.runtime].builder.scratch_bytes,
        )

    def make_ready(self, trial: Trial) -> None:
        """Let the runtime build what the trial needs: once, untimed.

        Where the device has no memory left for it, all that runtimes have built goes first.
        """
        for is_last_try in (False, True):
            with self.loaded.holding(trial.runtime):
                try:
                    self.answer(trial, NullClock())
                    return self.finish()
                except self.torch.OutOfMemoryError:
                    if is_last_try:
                        raise
            self._release_runtimes()

    def _release_runtimes(self) -> None:
        for name, pair in self.running.items():
            with self.loaded.holding(name):
                pair.builder.release()
        self.release_memory()

    def answer(self, trial: Trial, clock: StageClock) -> Answer:
        """Run a trial, under any clock."""
        method, pair = self.methods[method_of(trial.method)], self.running[trial.runtime]
        with self.torch.inference_mode():
            return method.run(pair, trial.task, clock)

    def new_clock(self, trial: Trial) -> StageClock:
        """The device's clock, with room for every stage of the trial."""
        return clock_for(self.pair.device.type, trial.task.most_marks())

    def finish(self) -> None:
        """Wait until the device has done all that was asked of it."""
        if self.pair.device.type == "cuda":
            self.torch.cuda.synchronize()

    def release_memory(self) -> None:
        """After a request that did not fit."""
        if self.pair.device.type == "cuda":
            self.torch.cuda.empty_cache()
