"""A control: C2C as if all gates were closed, through C2C's own timed region (``c2c.py``)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..engine.runtimes import RunningPair
from ..meters.clock import StageClock
from . import c2c
from .task import Answer, Task

prepare = c2c.prepare


def run(pair: RunningPair, task: Task, clock: StageClock) -> Answer:
    """Time C2C with nothing to project: both models read; without padding the answer is the base's.

    The projector stage is there and has nothing to do.
    """
    return c2c.run(replace(pair, project=_project_nothing), task, clock)


def _project_nothing(*caches_and_spans: Any) -> int:
    return 0
