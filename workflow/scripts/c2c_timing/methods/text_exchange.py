"""Text-to-text: what the teacher is asked, and how its message reaches the base.

The teacher is asked for background knowledge. The base reads a chat of three turns: that request,
the teacher's message as its answer, and the question (the text-to-text baseline of arXiv
2510.03215). Where a data set has no question apart from its prompt (long documents, chats), the
request holds the whole prompt, and the third turn only asks for the answer: nobody would send a
document twice.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from ..data.background import FOLLOW_UP, background_request
from ..data.prompts import Prompt
from ..engine.causal_lm import CausalLM
from ..engine.pair import ModelPair
from ..engine.rendering import encode_chat
from ..engine.request import Request
from ..errors import SampleError
from ..settings import RunSettings

# Another tokenizer may cut the same text into more pieces; made-up weights write broken text.
GROWTH = 4


@dataclass(frozen=True)
class BasePrompt:
    """The chat that the base reads.

    Attributes:
        text, message: the chat, and the teacher's message in it.
        ids: of the chat, (1, L).
        message_length: tokens that the message adds to the chat, in the base's ids.
    """

    text: str
    message: str
    ids: torch.Tensor
    message_length: int

    def facts(self) -> dict[str, Any]:
        """What the base read, for the record."""
        return {
            "prompt": self.text,
            "message": self.message,
            "message_length": self.message_length,
            "prompt_length": self.ids.shape[1],
        }


@dataclass(frozen=True)
class TextExchange:
    """A request for background knowledge in the teacher's ids, and the way back to the base.

    Attributes:
        before: turns ahead of the message, the request for background the last of them.
        after: the turn that follows the message.
        teacher_ids: those turns in the teacher's ids, (1, tokens).
        frame_length: tokens of the base's chat without the message.
        message_max_tokens: longest message, in the teacher's tokens.
        teacher_capacity, base_capacity: tokens that the caches must hold.
        tokenize_ms: what tokenizing the request for background took.
    """

    base: CausalLM
    teacher: CausalLM
    is_chat: bool
    before: Sequence[dict[str, str]]
    after: dict[str, str]
    teacher_ids: torch.Tensor
    frame_length: int
    message_max_tokens: int
    max_new_tokens: int
    teacher_capacity: int
    base_capacity: int
    tokenize_ms: float

    def base_prompt(self, message_ids: Sequence[int]) -> BasePrompt:
        """The teacher's ids to text, into the base's chat, to the base's ids on its device.

        Raises:
            SampleError: the message does not fit the base's context window.
        """
        message = self.teacher.text_of(message_ids)
        chat = [*self.before, {"role": "assistant", "content": message}, self.after]
        text, ids = encode_chat(chat, self.is_chat, self.base.tokenizer)
        if len(ids) + self.max_new_tokens > self.base_capacity:
            raise SampleError(
                "request",
                f"chat of {len(ids)} tokens with the teacher's message and {self.max_new_tokens} "
                f"new ones do not fit {self.base_capacity}; lower message_max_tokens",
            )
        return BasePrompt(
            text,
            message,
            torch.tensor([ids], dtype=torch.long, device=self.teacher_ids.device),
            len(ids) - self.frame_length,
        )

    def facts(self) -> dict[str, Any]:
        """What the teacher read, for the record."""
        return {"teacher_prompt_length": self.teacher_ids.shape[1]}


def exchange_for(
    prompt: Prompt, pair: ModelPair, settings: RunSettings, request: Request
) -> TextExchange:
    """Tokenize the request for background, and size both caches; with the first teacher.

    Raises:
        SampleError: request and message do not fit a context window.
    """
    *history, last = prompt.messages
    wanted = background_request(prompt.question or last["content"])
    before = [*history, {"role": "user", "content": wanted}]
    after = last if prompt.question else {"role": "user", "content": FOLLOW_UP}
    base, teacher, is_chat = pair.base, pair.teachers[0], prompt.chat
    message_max_tokens = settings.message_max_tokens
    max_new_tokens = request.decoding.max_new_tokens
    started = time.perf_counter()
    _, teacher_ids = encode_chat(before, is_chat, teacher.tokenizer)
    tokenize_ms = (time.perf_counter() - started) * 1e3
    empty = [*before, {"role": "assistant", "content": ""}, after]
    _, frame = encode_chat(empty, is_chat, base.tokenizer)
    for model, tokens in (
        (teacher, len(teacher_ids) + message_max_tokens),
        (base, len(frame) + message_max_tokens + max_new_tokens),
    ):
        if tokens > model.context_window:
            raise SampleError(
                "tokenize",
                f"text-to-text needs up to {tokens} tokens; {model.name}'s context window has "
                f"{model.context_window}; lower message_max_tokens or max_prompt_tokens",
            )
    capacity = len(frame) + GROWTH * message_max_tokens + max_new_tokens
    return TextExchange(
        base,
        teacher,
        is_chat,
        before,
        after,
        torch.tensor([teacher_ids], dtype=torch.long, device=pair.device),
        len(frame),
        message_max_tokens,
        max_new_tokens,
        teacher_capacity=len(teacher_ids) + message_max_tokens,
        base_capacity=min(capacity, base.context_window),
        tokenize_ms=tokenize_ms,
    )
