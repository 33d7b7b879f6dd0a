"""The first teacher alone, on its own prompt."""

from __future__ import annotations

from dataclasses import replace

from ..engine.prompt_ids import own_prompt
from ..engine.runtimes import RunningPair
from ..meters.clock import StageClock
from ..stages import Stage
from .alone import run_alone
from .task import Answer, Sample, Task, prompt_facts


def prepare(sample: Sample) -> Task:
    """The prompt in the teacher's own template and ids, whatever it reads beside the base.

    Raises:
        SampleError: the teacher cannot read it.
    """
    request, prompt = sample.tokenized.request, sample.prompt
    own = own_prompt(
        prompt.messages, prompt.chat, sample.pair.teachers[0], request.decoding.max_new_tokens
    )
    length = own.ids.shape[1]
    facts = {"prompt": own.text, "prompt_length": length, "teacher_prompt_length": length}
    request = replace(request, teacher_ids=own.ids)
    return Task(request, own.tokenize_ms, prompt_facts(sample) | facts)


def run(pair: RunningPair, task: Task, clock: StageClock) -> Answer:
    """Time the first teacher alone."""
    stages = (Stage.TEACHER_EMBEDDING, Stage.TEACHER_PREFILL)
    return run_alone(pair.teachers[0], task.request, task.request.teacher_ids, stages, clock)
