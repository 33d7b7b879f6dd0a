"""How the next token is chosen, and the loop in which a model decodes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

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


class Reader(Protocol):
    """Tells the host what was chosen, as soon as it has to know.

    Attributes:
        is_behind: it tells of a step while the next one runs.
    """

    is_behind: bool

    def read(self, token: torch.Tensor) -> int | None:
        """After a step: its token (1, 1), or the one before where it is behind (None: no such)."""

    def last(self) -> int:
        """The token of the last step; where it is behind."""


class ReadAtOnce:
    """Waits for every token."""

    is_behind = False

    def read(self, token: torch.Tensor) -> int:
        """The token of this step."""
        return int(token.item())

    def last(self) -> int:
        """Never asked for."""
        raise NotImplementedError


class ReadBehind:
    """Reads the token of a step while the next one runs, so that a CUDA device never waits."""

    is_behind = True

    def __init__(self) -> None:
        self._host = torch.zeros(2, dtype=torch.long, pin_memory=True)
        self._arrived = [torch.cuda.Event() for _ in range(2)]
        self._steps = 0

    def read(self, token: torch.Tensor) -> int | None:
        """The token of the step before."""
        place = self._steps % 2
        self._host[place : place + 1].copy_(token[0], non_blocking=True)
        self._arrived[place].record()
        self._steps += 1
        return self._value(1 - place) if self._steps > 1 else None

    def last(self) -> int:
        """The token of the last step."""
        return self._value((self._steps - 1) % 2)

    def _value(self, place: int) -> int:
        self._arrived[place].synchronize()
        return int(self._host[place])


@dataclass(frozen=True)
class Step:
    """The decode step of one request.

    Attributes:
        make: a token (1, 1) and its cache, to the next token (1, 1), chosen and all.
        reader: how the host learns where the answer ends.
    """

    make: Callable[[torch.Tensor, Any], torch.Tensor]
    reader: Reader


def decode(
    step: Step,
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
    make, read = step.make, step.reader.read
    if not stop_ids:
        tokens = []
        for _ in range(max_new_tokens):
            token = make(token, cache)
            tokens.append(token)
            clock.mark(stage)
        return torch.cat(tokens, dim=1)[0].tolist()
    ids: list[int] = []
    for _ in range(max_new_tokens):
        token = make(token, cache)
        clock.mark(stage)
        value = read(token)
        if value is None:
            continue
        ids.append(value)
        if value in stop_ids:
            if step.reader.is_behind:  # the step that ran meanwhile is no part of the answer
                clock.take_back()
            return ids
    if step.reader.is_behind:
        ids.append(step.reader.last())
    return ids
