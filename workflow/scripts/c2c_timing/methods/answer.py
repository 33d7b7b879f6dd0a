"""What every arm hands back; the times are in the clock."""

from __future__ import annotations

from dataclasses import dataclass

from .text_exchange import BasePrompt


@dataclass(frozen=True)
class Answer:
    """The generated ids, and what only some methods have.

    Attributes:
        ids: of the answer.
        projector_calls: projections made; None where there are none to make.
        base_prompt: the chat with the teacher's message in it that the base read (text-to-text).
    """

    ids: list[int]
    projector_calls: int | None = None
    base_prompt: BasePrompt | None = None
