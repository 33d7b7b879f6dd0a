"""One model alone: the base, or the first teacher, answers the prompt by itself."""

from __future__ import annotations

from ..engine.causal_lm import CausalLM
from ..engine.decoding import decode
from ..engine.pair import ModelPair
from ..engine.request import Request
from ..meters.clock import StageClock
from ..stages import Stage
from .answer import Answer


def run_base(pair: ModelPair, request: Request, clock: StageClock) -> Answer:
    """Time the base alone on its own prompt."""
    stages = (Stage.BASE_EMBEDDING, Stage.BASE_PREFILL)
    return _run_alone(pair.base, request, request.base_ids, stages, clock)


def run_teacher(pair: ModelPair, request: Request, clock: StageClock) -> Answer:
    """Time the first teacher alone on its own prompt."""
    stages = (Stage.TEACHER_EMBEDDING, Stage.TEACHER_PREFILL)
    return _run_alone(pair.teachers[0], request, request.teacher_ids, stages, clock)


def _run_alone(
    model: CausalLM, request: Request, ids, stages: tuple[Stage, Stage], clock: StageClock
) -> Answer:
    cache = model.new_cache(ids.shape[1] + request.decoding.max_new_tokens)
    choose = request.decoding.chooser(ids.device)
    prompt, last_token = ids[:, :-1], ids[:, -1:]

    clock.start()
    embeddings = model.embed(prompt)
    clock.mark(stages[0])
    model.prefill(embeddings, cache)
    clock.mark(stages[1])
    ids = decode(
        model,
        last_token,
        cache,
        request.decoding.max_new_tokens,
        request.stop_ids(model),
        choose,
        clock,
    )
    clock.stop()
    return Answer(ids)
