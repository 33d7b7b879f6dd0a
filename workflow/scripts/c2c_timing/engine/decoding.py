"""How the next token is chosen, and the loop in which a model decodes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from ..meters.clock import StageClock
from ..stages import Stage

Choose = Callable[[torch.Tensor], torch.Tensor]


@dataclass(frozen=True)
class Decoding:
    """How an answer is generated.

    Attributes:
        max_new_tokens: most tokens of an answer.
        ignore_eos: generate exactly ``max_new_tokens`` (fixed length) instead of stopping where
            the model stops (natural length).
        temperature: 0 is greedy; above it tokens are sampled.
        top_p, top_k: nucleus and number of candidates when sampling; 1 and 0 keep all.
        seed: of the sampler.
    """

    max_new_tokens: int
    ignore_eos: bool = False
    temperature: float = 0.0
    top_p: float = 1.0
    top_k: int = 0
    seed: int = 0

    def chooser(self, device: torch.device) -> Choose:
        """A function from logits (1, vocabulary) to a token (1, 1), fresh for one request."""
        if self.temperature == 0:
            return greedy
        return _sampler(self, device)


def greedy(logits: torch.Tensor) -> torch.Tensor:
    """The most likely token: logits (1, vocabulary) to (1, 1)."""
    return logits.argmax(dim=-1, keepdim=True)


def _sampler(decoding: Decoding, device: torch.device) -> Choose:
    from transformers import (
        LogitsProcessorList,
        TemperatureLogitsWarper,
        TopKLogitsWarper,
        TopPLogitsWarper,
    )

    warp: Any = LogitsProcessorList([TemperatureLogitsWarper(float(decoding.temperature))])
    if decoding.top_k > 0:
        warp.append(TopKLogitsWarper(decoding.top_k))
    if decoding.top_p < 1:
        warp.append(TopPLogitsWarper(float(decoding.top_p)))
    generator = torch.Generator(device=device).manual_seed(decoding.seed)

    def sample(logits: torch.Tensor) -> torch.Tensor:
        likelihoods = warp(None, logits.float()).softmax(dim=-1)
        return torch.multinomial(likelihoods, 1, generator=generator)

    return sample


def decode(
    step: Callable[[torch.Tensor, Any], torch.Tensor],
    token: torch.Tensor,
    cache: Any,
    max_new_tokens: int,
    stop_ids: frozenset[int],
    clock: StageClock,
    stage: Stage = Stage.DECODE,
) -> list[int]:
    """Feed a token (1, 1), then each token that the step yields; return the yielded ids.

    With ``stop_ids`` each token is read on the host, because the loop's end depends on it; without
    (fixed length) nothing is read before the last step.
    """
    tokens = []
    for _ in range(max_new_tokens):
        token = step(token, cache)
        tokens.append(token)
        clock.mark(stage)
        if stop_ids and token.item() in stop_ids:
            break
    return torch.cat(tokens, dim=1)[0].tolist()
