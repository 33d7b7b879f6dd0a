"""Cache-to-Cache: the teacher's KV cache is projected into the base's, then the base decodes."""

from __future__ import annotations

from ..engine.decoding import decode
from ..engine.fuser import project_into
from ..engine.pair import ModelPair
from ..engine.request import Request
from ..meters.clock import StageClock
from ..stages import Stage
from .answer import Answer


def run_c2c(pair: ModelPair, request: Request, clock: StageClock) -> Answer:
    """Time one C2C request (arXiv 2510.03215, section 3; steps as in the reference's wrapper)."""
    base_cache = pair.base.new_cache(request.capacity)
    teacher_caches = [teacher.new_cache(request.capacity) for teacher in pair.teachers]
    choose = request.decoding.chooser(pair.device)
    calls = 0

    clock.start()
    for section in request.sections:
        embeddings = pair.base.embed(section.base_ids)
        clock.mark(Stage.BASE_EMBEDDING)
        pair.base.prefill(embeddings, base_cache)
        clock.mark(Stage.BASE_PREFILL)
        for teacher, ids, cache in zip(
            pair.teachers, section.teacher_ids, teacher_caches, strict=False
        ):
            embeddings = teacher.embed(ids)
            clock.mark(Stage.TEACHER_EMBEDDING)
            teacher.prefill(embeddings, cache)
            clock.mark(Stage.TEACHER_PREFILL)
        if section.is_projected:
            sources = zip(pair.fusers, teacher_caches, section.teacher_spans, strict=True)
            calls += project_into(base_cache, section.base_span, list(sources), pair.fusion_mode)
            clock.mark(Stage.PROJECTOR)
    ids = decode(
        pair.base,
        request.last_token,
        base_cache,
        request.decoding.max_new_tokens,
        request.stop_ids(pair.base),
        choose,
        clock,
    )
    clock.stop()
    return Answer(ids, projector_calls=calls)
