"""From a chat to a request: render, tokenize, check that it fits."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import torch

from ..errors import SampleError
from .alignment import aligned_spans
from .causal_lm import CausalLM
from .decoding import Decoding
from .pair import ModelPair
from .rendering import render
from .request import Request, build_request, same_ids

Result = TypeVar("Result")


@dataclass(frozen=True)
class TokenizedPrompt:
    """The text that the base reads, the request made of it, and what tokenizing took.

    Attributes:
        tokenize_ms: of the base's text alone.
        align_ms: of all that C2C needs: the same, or the alignment of different tokenizers.
    """

    text: str
    request: Request
    tokenize_ms: float
    align_ms: float


@dataclass(frozen=True)
class OwnPrompt:
    """A prompt as one model reads it alone: its own template, its own tokenizer.

    Attributes:
        ids: (1, tokens).
        tokenize_ms: of the text.
    """

    text: str
    ids: torch.Tensor
    tokenize_ms: float


def tokenize_prompt(
    messages: Sequence[dict[str, str]],
    is_chat: bool,
    pair: ModelPair,
    alignment: str | None,
    decoding: Decoding,
) -> TokenizedPrompt:
    """Render a chat with the models' templates, turn it into ids, and lay out the request.

    Raises:
        SampleError: the prompt is too short, too long, or has ids that a model does not know.
    """
    base = render(messages, is_chat, pair.base.tokenizer)
    ids, tokenize_ms = _timed(base.ids)
    align_ms = tokenize_ms
    if alignment is None:
        spans = same_ids(ids, len(pair.teachers))
    else:
        teachers = [render(messages, is_chat, teacher.tokenizer) for teacher in pair.teachers]
        try:
            spans, align_ms = _timed(lambda: aligned_spans(messages, base, teachers, alignment))
        except ValueError as error:
            raise SampleError("tokenize", str(error)) from None
    streams = zip(*([span.base, *span.teachers] for span in spans), strict=True)
    for model, parts in zip((pair.base, *pair.teachers), streams, strict=True):
        _check([i for part in parts for i in part], model, decoding.max_new_tokens)
    request = build_request(spans, decoding, pair.device)
    return TokenizedPrompt(base.text, request, tokenize_ms, align_ms)


def own_prompt(
    messages: Sequence[dict[str, str]], is_chat: bool, model: CausalLM, max_new_tokens: int
) -> OwnPrompt:
    """Render and tokenize a chat for one model that answers it alone.

    Raises:
        SampleError: the prompt is too short, too long, or has ids that the model does not know.
    """
    rendered = render(messages, is_chat, model.tokenizer)
    ids, tokenize_ms = _timed(rendered.ids)
    _check(ids, model, max_new_tokens)
    tensor = torch.tensor([ids], dtype=torch.long, device=model.model.device)
    return OwnPrompt(rendered.text, tensor, tokenize_ms)


def room_for_prompt(pair: ModelPair, max_new_tokens: int, template_tokens: int = 64) -> int:
    """Tokens that a prompt may have before its chat template, in every model's context window."""
    window = min(model.context_window for model in (pair.base, *pair.teachers))
    return window - max_new_tokens - template_tokens


def _timed(call: Callable[[], Result]) -> tuple[Result, float]:
    """What a call returns, and the milliseconds that it took."""
    started = time.perf_counter()
    result = call()
    return result, (time.perf_counter() - started) * 1e3


def _check(ids: Sequence[int], model: CausalLM, max_new_tokens: int) -> None:
    if len(ids) < 2:
        raise SampleError("tokenize", f"the prompt has {len(ids)} token(s); 2 are needed")
    if len(ids) + max_new_tokens > model.context_window:
        raise SampleError(
            "tokenize",
            f"prompt of {len(ids)} tokens and {max_new_tokens} new ones do not fit "
            f"{model.name}'s context window of {model.context_window}",
        )
    if max(ids) >= model.vocabulary_size:
        raise SampleError(
            "tokenize",
            f"token id {max(ids)} is outside {model.name}'s vocabulary of "
            f"{model.vocabulary_size}; set alignment for pairs with different tokenizers",
        )
