"""A loaded pair on its device, under every runtime of the run: tasks become answers with times."""

from __future__ import annotations

import contextlib
import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .meters.clock import NullClock, Reading, StageClock, clock_for
from .meters.peak_memory import peak_memory_of
from .meters.wall_times import WallTimes
from .record import timing_of
from .settings import RunSettings

if TYPE_CHECKING:
    from .methods.task import Answer, Task


@dataclass(frozen=True)
class Trial:
    """One task, to be run by one method under one runtime."""

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
    """A loaded pair on its device, for any number of shards.

    Attributes:
        card: the settings' pair, each revision on the Hub made the commit that was loaded.
        held_bytes: by runtime, memory that its opening and building have left behind; empty where
            the system does not tell.
    """

    def __init__(self, settings: RunSettings, walls: WallTimes) -> None:
        with walls.book("imports"):
            import torch
            import transformers

            from .engine import pair as pair_module
            from .engine.devices import resolve_device
            from .engine.hub import at_commits
            from .engine.runtimes import open_pair
            from .methods import load_methods
            from .prepare import Preparation
        transformers.utils.logging.set_verbosity_error()
        transformers.utils.logging.disable_progress_bar()
        self.settings, self.torch = settings, torch
        with walls.book("loading"):
            device = resolve_device(settings.device)
            if device.type == "cuda":
                torch.cuda.set_device(device)
                # cuDNN's attention builds a plan for every new cache length, tens of milliseconds
                # each, and keeps it: whichever request meets a length first would pay for others.
                torch.backends.cuda.enable_cudnn_sdp(False)
            self.card = at_commits(settings.pair)
            self.pair = pair_module.load_pair(self.card, device, settings.dtype, settings.seed)
            self.memory = peak_memory_of(device)
            self.held_bytes: dict[str, int] = {}
            self.running = {}
            for name in settings.runtimes:
                with self._holding(name):
                    self.running[name] = open_pair(name, self.pair)
            self.model_config = pair_module.describe(self.card, settings.dtype, device)
            self.methods = load_methods()
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
            self._held_by_others(trial.runtime),
            self.running[trial.runtime].builder.scratch_bytes,
        )

    def make_ready(self, trial: Trial) -> None:
        """Let the runtime build what the trial needs: once, untimed.

        Where the device has no memory left for it, all that runtimes have built goes first.
        """
        for is_last_try in (False, True):
            with self._holding(trial.runtime):
                try:
                    self.answer(trial, NullClock())
                    return self.finish()
                except self.torch.OutOfMemoryError:
                    if is_last_try:
                        raise
            self._release_runtimes()

    def _release_runtimes(self) -> None:
        for name, pair in self.running.items():
            with self._holding(name):
                pair.builder.release()
        self.release_memory()

    @contextlib.contextmanager
    def _holding(self, runtime: str) -> Iterator[None]:
        """What more is held after the block than before it is held by the runtime."""
        before = self.memory.held_bytes()
        try:
            yield
        finally:
            after = self.memory.held_bytes()
            if before is not None and after is not None:
                self.held_bytes[runtime] = self.held_bytes.get(runtime, 0) + after - before

    def _held_by_others(self, runtime: str) -> int | None:
        if not self.held_bytes:
            return None
        return max(0, sum(self.held_bytes.values()) - self.held_bytes.get(runtime, 0))

    def answer(self, trial: Trial, clock: StageClock) -> Answer:
        """Run a trial, under any clock."""
        method, pair = self.methods[trial.method], self.running[trial.runtime]
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
