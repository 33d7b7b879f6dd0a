"""One model alone answers the prompt by itself: the timed region of ``base`` and ``teacher``."""

from __future__ import annotations

import torch

from ..engine.decoding import decode
from ..engine.request import Request
from ..engine.runtimes import Moves
from ..meters.clock import StageClock
from ..stages import Stage
from .task import Answer


def run_alone(
    model: Moves,
    request: Request,
    prompt_ids: torch.Tensor,
    stages: tuple[Stage, Stage],
    clock: StageClock,
) -> Answer:
    """Time one model on ids (1, tokens); ``stages`` are its embedding and its prefill."""
    cache = model.new_cache(prompt_ids.shape[1] + request.decoding.max_new_tokens)
    step = model.stepper(request.decoding)
    stop_ids = request.stop_ids(model.lm)
    prompt, last_token = prompt_ids[:, :-1], prompt_ids[:, -1:]

    clock.start()
    embeddings = model.embed(prompt)
    clock.mark(stages[0])
    model.prefill(embeddings, cache)
    clock.mark(stages[1])
    ids = decode(step, last_token, cache, request.decoding.max_new_tokens, stop_ids, clock)
    clock.stop()
    return Answer(ids)
