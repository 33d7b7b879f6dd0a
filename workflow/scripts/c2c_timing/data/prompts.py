"""From a row to the messages that the models read. Row text is data, never a template."""

from __future__ import annotations

import string
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from ..cards.dataset_card import DatasetCard
from ..cards.templates import render_template
from ..errors import SampleError

MIN_CHOICES, MAX_CHOICES = 2, 10


@dataclass(frozen=True)
class Prompt:
    """What the models are asked.

    Attributes:
        messages: chat messages, each with role and content.
        chat: whether the model's chat template wraps them.
        question: the question without instructions, where the card tells it from the prompt.
        is_truncated: whether the last message has lost its middle.
    """

    messages: list[dict[str, str]]
    chat: bool
    question: str | None = None
    is_truncated: bool = False


class Tokenizer(Protocol):
    """What truncation needs of a tokenizer."""

    def encode(self, text: str, add_special_tokens: bool) -> list[int]:
        """Text to ids."""

    def decode(self, ids: list[int], skip_special_tokens: bool) -> str:
        """Ids to text."""


def build_prompt(card: DatasetCard, subject: str, row: dict[str, Any]) -> Prompt:
    """The prompt of one row.

    Raises:
        SampleError: a column is missing, empty or of the wrong type.
    """
    if "conversation" in card.content:
        return Prompt(_turns(card.content["conversation"], row), card.is_chat(subject))
    optional = card.content.get("optional_columns", ())
    choices_name = card.content.get("choices")
    fields: dict[str, Any] = {}
    for name, column in card.content.get("columns", {}).items():
        if name == choices_name:
            fields[name] = normalise_choices(row.get(column), column)
        else:
            fields[name] = _text(row, column, may_be_empty=column in optional)
    text = render_template(card.prompt_for(subject) or "", fields)
    if not text:
        names = ", ".join(card.content.get("columns", ()))
        raise SampleError("prompt", f"the row has none of: {names}" if names else "is empty")
    question = render_template(card.question, fields) if card.question else None
    return Prompt([{"role": "user", "content": text}], card.is_chat(subject), question)


def normalise_choices(value: Any, column: str = "choices") -> list[dict[str, str]]:
    """Options as letter and text, lettered A, B, C... by position whatever their own labels are.

    Takes a list of texts, or a dict of lists with ``text`` (and ``label``).
    """
    texts = value.get("text") if isinstance(value, dict) else value
    if not isinstance(texts, list | tuple) or not texts:
        raise SampleError("prompt", f"column {column!r} holds no list of options")
    if len(texts) < MIN_CHOICES:
        raise SampleError("prompt", f"column {column!r} holds one option; a choice needs 2")
    if len(texts) > MAX_CHOICES:
        raise SampleError("prompt", f"column {column!r} holds {len(texts)} options; at most 10")
    if not all(isinstance(text, str) for text in texts):
        raise SampleError("prompt", f"column {column!r} holds an option that is no text")
    labels = value.get("label") if isinstance(value, dict) else None
    if labels is not None and (not isinstance(labels, list | tuple) or len(labels) != len(texts)):
        raise SampleError("prompt", f"column {column!r} holds not as many labels as options")
    return [
        {"letter": letter, "text": text}
        for letter, text in zip(string.ascii_uppercase, texts, strict=False)
    ]


def content_length(messages: Sequence[dict[str, str]], tokenizer: Tokenizer) -> int:
    """Tokens of what is said, before any chat template: the length that limits are about."""
    return sum(len(tokenizer.encode(m["content"], add_special_tokens=False)) for m in messages)


def shorten(prompt: Prompt, tokenizer: Tokenizer, max_tokens: int) -> Prompt:
    """The prompt in ``max_tokens`` tokens before its template: its last message loses its middle.

    Raises:
        SampleError: the messages before the last leave no room.
    """
    *history, last = prompt.messages
    room = max_tokens - content_length(history, tokenizer)
    text = truncate_middle(last["content"], tokenizer, room)
    if text == last["content"]:
        return prompt
    return replace(prompt, messages=[*history, {**last, "content": text}], is_truncated=True)


def truncate_middle(text: str, tokenizer: Tokenizer, max_tokens: int) -> str:
    """Keep the first and the last half of ``max_tokens`` tokens; shorter texts stay as they are."""
    if max_tokens < 2:
        raise SampleError(
            "prompt", "the context window, or max_prompt_tokens, leaves no room for a prompt"
        )
    ids = tokenizer.encode(text, add_special_tokens=False)
    if len(ids) <= max_tokens:
        return text
    half = max_tokens // 2
    return "".join(
        tokenizer.decode(part, skip_special_tokens=True) for part in (ids[:half], ids[-half:])
    )


def _text(row: dict[str, Any], column: str, may_be_empty: bool) -> str:
    value = row.get(column)
    if value is None or value == "":
        if may_be_empty:
            return ""
        state = "is empty" if column in row else "is missing"
        raise SampleError("prompt", f"column {column!r} {state}")
    if not isinstance(value, str):
        raise SampleError("prompt", f"column {column!r} is {type(value).__name__}, not text")
    if not value.strip() and not may_be_empty:
        raise SampleError("prompt", f"column {column!r} is blank")
    return value


def _turns(spec: dict[str, Any], row: dict[str, Any]) -> list[dict[str, str]]:
    column = spec["column"]
    turns = row.get(column)
    if not isinstance(turns, list) or not all(isinstance(turn, dict) for turn in turns):
        raise SampleError("prompt", f"column {column!r} holds no list of turns")
    first_user_only = spec.get("turns") == "first_user"
    messages: list[dict[str, str]] = []
    for turn in turns if first_user_only else turns[:-1]:
        native = turn.get(spec["role"])
        role = spec["roles"].get(native) if isinstance(native, str) else None
        text = turn.get(spec["text"])
        if role is None or (first_user_only and (role != "user" or messages)):
            continue
        if not isinstance(text, str) or not text.strip():
            raise SampleError("prompt", f"column {column!r} holds a turn without text")
        messages.append({"role": role, "content": text.strip()})
    if not messages or messages[-1]["role"] != "user":
        raise SampleError("prompt", f"column {column!r} holds no user's turn to answer")
    return messages
