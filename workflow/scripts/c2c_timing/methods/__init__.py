"""One method a file: what it prepares before the clock, and its timed region on one screen."""

from __future__ import annotations

import importlib
from typing import Protocol, cast

from ..engine.runtimes import RunningPair
from ..meters.clock import StageClock
from ..method_table import METHODS
from .task import Answer, Sample, Task


class Method(Protocol):
    """What a file of this room defines."""

    @staticmethod
    def prepare(sample: Sample) -> Task:
        """The task of one sample.

        Raises:
            SampleError: this method cannot run it; others may.
        """

    @staticmethod
    def run(pair: RunningPair, task: Task, clock: StageClock) -> Answer:
        """The timed region, from ``clock.start()`` to ``clock.stop()``."""


def load_methods() -> dict[str, Method]:
    """Every method of the table, by its name."""
    return {
        name: cast(Method, importlib.import_module(f".{name}", __package__)) for name in METHODS
    }
