"""Requests of invented ids on a pair as it is loaded, without a session."""

from __future__ import annotations

import torch

from c2c_timing.engine.cache import KVCache
from c2c_timing.engine.pair import ModelPair
from c2c_timing.engine.request import Request
from c2c_timing.engine.runtimes import open_pair
from c2c_timing.engine.runtimes.eager import EagerMoves
from c2c_timing.meters.clock import Reading, StageClock
from c2c_timing.methods.task import Answer, Task


class Keeper(EagerMoves):
    """Keeps the caches that it hands out."""

    def __init__(self, lm):
        super().__init__(lm)
        self.caches: list[KVCache] = []

    def new_cache(self, capacity, padding=None):
        self.caches.append(super().new_cache(capacity, padding))
        return self.caches[-1]


def task_of(request: Request) -> Task:
    return Task(request, tokenize_ms=0.0, facts={})


@torch.inference_mode()
def run(method, pair: ModelPair, task: Task | Request) -> tuple[Answer, Reading, KVCache]:
    """A method's answer and stages, and the base's cache after it."""
    running = open_pair("eager", pair)
    running.base = Keeper(pair.base)
    clock = StageClock()
    task = task_of(task) if isinstance(task, Request) else task
    answer = method.run(running, task, clock)
    caches = running.base.caches
    return answer, clock.read(), caches[0] if caches else None
