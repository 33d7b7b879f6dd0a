"""The base alone, on its own prompt."""

from __future__ import annotations

from ..engine.runtimes import RunningPair
from ..meters.clock import StageClock
from ..stages import Stage
from .alone import run_alone
from .task import Answer, Sample, Task, prompt_facts


def prepare(sample: Sample) -> Task:
    """Nothing beyond the prompt."""
    return Task(sample.tokenized.request, sample.tokenized.tokenize_ms, prompt_facts(sample))


def run(pair: RunningPair, task: Task, clock: StageClock) -> Answer:
    """Time the base alone."""
    stages = (Stage.BASE_EMBEDDING, Stage.BASE_PREFILL)
    return run_alone(pair.base, task.request, task.request.base_ids, stages, clock)
