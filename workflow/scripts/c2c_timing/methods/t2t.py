"""Text-to-text: the teacher writes a message, the base reads it in its context and answers."""

from __future__ import annotations

from ..engine.decoding import decode
from ..engine.pair import ModelPair
from ..engine.request import Request
from ..meters.clock import StageClock
from ..stages import Stage
from .answer import Answer


def run_t2t(pair: ModelPair, request: Request, clock: StageClock) -> Answer:
    """Time one text-to-text request (the baseline of arXiv 2510.03215) with the first teacher."""
    base, teacher, exchange = pair.base, pair.teachers[0], request.exchange
    teacher_cache = teacher.new_cache(exchange.teacher_capacity)
    base_cache = base.new_cache(exchange.base_capacity)
    choose_word = request.decoding.chooser(pair.device)
    choose = request.decoding.chooser(pair.device)
    background, last_token = exchange.teacher_ids[:, :-1], exchange.teacher_ids[:, -1:]

    clock.start()
    embeddings = teacher.embed(background)
    clock.mark(Stage.TEACHER_EMBEDDING)
    teacher.prefill(embeddings, teacher_cache)
    clock.mark(Stage.TEACHER_PREFILL)
    message_ids = decode(
        teacher,
        last_token,
        teacher_cache,
        exchange.message_max_tokens,
        request.stop_ids(teacher),
        choose_word,
        clock,
        Stage.TEACHER_DECODE,
    )
    prompt = exchange.base_prompt(message_ids)
    clock.mark(Stage.HANDOVER)
    embeddings = base.embed(prompt.ids[:, :-1])
    clock.mark(Stage.BASE_EMBEDDING)
    base.prefill(embeddings, base_cache)
    clock.mark(Stage.BASE_PREFILL)
    ids = decode(
        base,
        prompt.ids[:, -1:],
        base_cache,
        request.decoding.max_new_tokens,
        request.stop_ids(base),
        choose,
        clock,
    )
    clock.stop()
    return Answer(ids, base_prompt=prompt)
