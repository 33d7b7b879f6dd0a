"""From a chat to a request: render, tokenize, check that it fits."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from ..errors import SampleError
from .alignment import aligned_spans
from .decoding import Decoding
from .pair import ModelPair
from .rendering import encode, render
from .request import Request, TextSpan, build_request, same_ids


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
    text = render(messages, is_chat, pair.base.tokenizer)
    teacher_texts = [render(messages, is_chat, teacher.tokenizer) for teacher in pair.teachers]
    started = time.perf_counter()
    ids = encode(text, is_chat, pair.base.tokenizer)
    tokenize_ms = align_ms = (time.perf_counter() - started) * 1e3
    if alignment is None:
        spans = same_ids(ids, len(pair.teachers))
    else:
        tokenizers = [teacher.tokenizer for teacher in pair.teachers]
        started = time.perf_counter()
        try:
            spans = aligned_spans(
                messages, text, teacher_texts, pair.base.tokenizer, tokenizers, alignment
            )
        except ValueError as error:
            raise SampleError("tokenize", str(error)) from None
        align_ms = (time.perf_counter() - started) * 1e3
    _check(spans, pair, decoding.max_new_tokens)
    request = build_request(spans, decoding, pair.device)
    return TokenizedPrompt(text, request, tokenize_ms, align_ms)


def room_for_prompt(pair: ModelPair, max_new_tokens: int, template_tokens: int = 64) -> int:
    """Tokens that a prompt may have before its chat template, in every model's context window."""
    window = min(model.context_window for model in (pair.base, *pair.teachers))
    return window - max_new_tokens - template_tokens


def _check(spans: Sequence[TextSpan], pair: ModelPair, max_new_tokens: int) -> None:
    streams = zip(*([span.base, *span.teachers] for span in spans), strict=True)
    for model, parts in zip((pair.base, *pair.teachers), streams, strict=True):
        ids = [i for part in parts for i in part]
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
