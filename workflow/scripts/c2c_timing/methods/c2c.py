"""Cache-to-Cache: the teacher's KV cache is projected into the base's, then the base decodes."""

from __future__ import annotations

from ..engine.decoding import decode
from ..engine.runtimes import RunningPair
from ..meters.clock import StageClock
from ..stages import Stage
from .task import Answer, Sample, Task, prompt_facts


def prepare(sample: Sample) -> Task:
    """The prompt as it was laid out; tokenizing includes the alignment of different tokenizers."""
    request = sample.tokenized.request
    base, teacher = request.base, request.teachers[0]
    facts = {
        "prompt_length": base.tokens,
        "teacher_prompt_length": teacher.tokens,
        "sections": [section.as_plain() for section in request.sections],
        "base_padding_tokens": base.padding_tokens,
        "teacher_padding_tokens": teacher.padding_tokens,
    }
    return Task(request, sample.tokenized.align_ms, prompt_facts(sample) | facts)


def run(pair: RunningPair, task: Task, clock: StageClock) -> Answer:
    """Time one C2C request (arXiv 2510.03215, section 3; steps as in the reference's wrapper)."""
    request = task.request
    base_cache = pair.base.new_cache(request.capacity, request.base.padding)
    teacher_caches = [
        teacher.new_cache(request.capacity, stream.padding)
        for teacher, stream in zip(pair.teachers, request.teachers, strict=True)
    ]
    step = pair.base.stepper(request.decoding)
    stop_ids = request.stop_ids(pair.base.lm)
    calls = 0

    clock.start()
    for section in request.sections:
        embeddings = pair.base.embed(section.base_ids)
        clock.mark(Stage.BASE_EMBEDDING)
        pair.base.prefill(embeddings, base_cache)
        clock.mark(Stage.BASE_PREFILL)
        for teacher, read, cache in zip(
            pair.teachers, section.teacher_ids, teacher_caches, strict=False
        ):
            embeddings = teacher.embed(read)
            clock.mark(Stage.TEACHER_EMBEDDING)
            teacher.prefill(embeddings, cache)
            clock.mark(Stage.TEACHER_PREFILL)
        if section.is_projected:
            sources = list(zip(teacher_caches, section.teacher_spans, strict=True))
            calls += pair.project(base_cache, section.base_span, sources)
            clock.mark(Stage.PROJECTOR)
    ids = decode(
        step, request.last_token, base_cache, request.decoding.max_new_tokens, stop_ids, clock
    )
    clock.stop()
    return Answer(ids, projector_calls=calls)
