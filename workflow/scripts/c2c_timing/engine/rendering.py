"""From a chat to text and ids, as a model's own template and tokenizer make them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def render(messages: Sequence[dict[str, str]], is_chat: bool, tokenizer: Any) -> str:
    """The chat as the model's template writes it, ready for the answer; plain text without one."""
    if is_chat and getattr(tokenizer, "chat_template", None):
        return tokenizer.apply_chat_template(
            list(messages), tokenize=False, add_generation_prompt=True, enable_thinking=False
        )
    return "\n\n".join(message["content"] for message in messages)


def encode(text: str, is_chat: bool, tokenizer: Any) -> list[int]:
    """Text to ids; a chat template has written the special tokens already."""
    return tokenizer.encode(text, add_special_tokens=not is_chat)


def encode_chat(
    messages: Sequence[dict[str, str]], is_chat: bool, tokenizer: Any
) -> tuple[str, list[int]]:
    """A chat to its text and ids."""
    text = render(messages, is_chat, tokenizer)
    return text, encode(text, is_chat, tokenizer)
