"""The first teacher alone, on its own prompt."""

from __future__ import annotations

from ..engine.runtimes import RunningPair
from ..meters.clock import StageClock
from ..stages import Stage
from .alone import run_alone
from .task import Answer, Sample, Task, prompt_facts


def prepare(sample: Sample) -> Task:
    """Nothing beyond the prompt."""
    facts = prompt_facts(sample)
    facts |= {"prompt_length": facts["teacher_prompt_length"]}
    return Task(sample.tokenized.request, sample.tokenized.tokenize_ms, facts)


def run(pair: RunningPair, task: Task, clock: StageClock) -> Answer:
    """Time the first teacher alone."""
    stages = (Stage.TEACHER_EMBEDDING, Stage.TEACHER_PREFILL)
    return run_alone(pair.teachers[0], task.request, task.request.teacher_ids, stages, clock)
