"""Different tokenizers: which teacher token stands beside which base token.

As in the reference (thu-nics/C2C): only the messages' content is projected; each of its
base tokens is decoded and encoded again by the teacher, and one of the teacher's tokens is kept.
Where the reference pads the two chat templates to one length and masks the padding, the templates
here simply keep their own lengths: caches need equal lengths only where they are projected.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .request import TextSpan


def aligned_spans(
    messages: Sequence[dict[str, str]],
    base_text: str,
    teacher_texts: Sequence[str],
    base_tokenizer: Any,
    teacher_tokenizers: Sequence[Any],
    strategy: str,
) -> list[TextSpan]:
    """Cut a prompt into template (read, not projected) and message content (projected).

    Args:
        messages: the chat; each content must stand unchanged in every rendered text.
        base_text, teacher_texts: the chat rendered by each model's own template.
        base_tokenizer, teacher_tokenizers: of transformers.
        strategy: ``first`` or ``longest`` of several candidates.
    """
    contents = [message["content"] for message in messages if message["content"]]
    base_parts = _split(base_text, contents)
    teacher_parts = [_split(text, contents) for text in teacher_texts]
    spans = []
    for number, text in enumerate(base_parts):
        ids = _encode(base_tokenizer, text)
        if is_content := number % 2 == 1:
            beside = [
                [_partner(i, base_tokenizer, teacher, strategy) for i in ids]
                for teacher in teacher_tokenizers
            ]
        else:
            beside = [
                _encode(teacher, parts[number])
                for teacher, parts in zip(teacher_tokenizers, teacher_parts, strict=True)
            ]
        spans.append(TextSpan(ids, beside, is_projected=is_content))
    return spans


def _split(text: str, contents: Sequence[str]) -> list[str]:
    """[template, content, template, content, ..., template]."""
    parts, rest = [], text
    for content in contents:
        before, found, rest = rest.partition(content)
        if not found:  # templates that trim their messages
            content = content.strip()
            before, found, rest = before.partition(content)
        if not found:
            raise ValueError("the chat template does not repeat the message as it is")
        parts += [before, content]
    return [*parts, rest]


def _partner(base_id: int, base_tokenizer: Any, teacher_tokenizer: Any, strategy: str) -> int:
    candidates = _encode(teacher_tokenizer, base_tokenizer.decode([base_id]))
    if not candidates:
        unknown = teacher_tokenizer.unk_token_id
        return unknown if unknown is not None else teacher_tokenizer.eos_token_id
    if strategy == "first":
        return candidates[0]
    return max(candidates, key=lambda i: len(teacher_tokenizer.decode([i])))


def _encode(tokenizer: Any, text: str) -> list[int]:
    return tokenizer.encode(text, add_special_tokens=False) if text else []
