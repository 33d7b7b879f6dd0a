"""From a chat to text and ids, as a model's own template and tokenizer make them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

Span = tuple[int, int]
# Between messages that no template joins.
SEPARATOR = "\n\n"


@dataclass(frozen=True)
class Rendered:
    """A chat as one model reads it.

    Attributes:
        is_templated: whether a chat template wrote the text, and special tokens with it; where none
            did, the tokenizer adds its own (begin-of-text).
    """

    text: str
    tokenizer: Any
    is_templated: bool

    def ids(self) -> list[int]:
        """The text's ids."""
        return self.tokenizer.encode(self.text, add_special_tokens=not self.is_templated)

    def ids_and_places(self) -> tuple[list[int], list[Span]]:
        """The same ids, and each token's first and last-plus-one character.

        What the tokenizer has added lies in no character: (n, n), at the end of the token before it.

        Raises:
            ValueError: the tokenizer does not tell where its tokens lie.
        """
        try:
            encoded = self.tokenizer(
                self.text,
                add_special_tokens=not self.is_templated,
                return_offsets_mapping=True,
            )
        except NotImplementedError:
            raise ValueError(
                "alignment needs tokenizers that tell where their tokens lie "
                f"(tokenizer.json), not {type(self.tokenizer).__name__}"
            ) from None
        places, at = [], 0
        for start, end in encoded["offset_mapping"]:
            places.append((start, end) if end else (at, at))
            at = max(at, end)
        return list(encoded["input_ids"]), places


def render(messages: Sequence[dict[str, str]], is_chat: bool, tokenizer: Any) -> Rendered:
    """The chat as the model's template writes it, ready for the answer; plain text without one."""
    if is_chat and getattr(tokenizer, "chat_template", None):
        text = tokenizer.apply_chat_template(
            list(messages), tokenize=False, add_generation_prompt=True, enable_thinking=False
        )
        return Rendered(text, tokenizer, is_templated=True)
    text = SEPARATOR.join(message["content"] for message in messages)
    return Rendered(text, tokenizer, is_templated=False)


def encode_chat(
    messages: Sequence[dict[str, str]], is_chat: bool, tokenizer: Any
) -> tuple[str, list[int]]:
    """A chat to its text and ids."""
    rendered = render(messages, is_chat, tokenizer)
    return rendered.text, rendered.ids()
