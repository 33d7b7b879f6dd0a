"""Padding in a prompt: tokens that take a position, and are masked while the prompt is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Padding:
    """Where one model's prompt has padding tokens.

    Attributes:
        seen: (1, L) bool, false at padding tokens.
        positions: (1, L), 0 … L-1: padding counts.
        first: place of the first padding token.
        tokens: number of padding tokens.
    """

    seen: torch.Tensor
    positions: torch.Tensor
    first: int
    tokens: int

    def masks(self, start: int, end: int) -> bool:
        """Whether tokens ``start`` to ``end`` are read under the mask.

        Not before the first padding token; and not once the answer has begun: the published code
        shows decode steps the padding, too.
        """
        return start < self.seen.shape[1] and end > self.first


@dataclass(frozen=True)
class Stream:
    """One model's prompt as a fused request lays it out.

    Attributes:
        tokens: L, padding included.
        padding: None where there is none: no mask is built.
    """

    tokens: int
    padding: Padding | None

    @property
    def padding_tokens(self) -> int:
        """How many of the tokens are padding."""
        return self.padding.tokens if self.padding else 0


def stream_of(is_padding: Sequence[bool], device: torch.device) -> Stream:
    """The stream of a prompt, told token by token."""
    if not any(is_padding):
        return Stream(len(is_padding), None)
    seen = torch.tensor([is_padding], device=device).logical_not()
    positions = torch.arange(len(is_padding), device=device)[None]
    padding = Padding(seen, positions, list(is_padding).index(True), sum(is_padding))
    return Stream(len(is_padding), padding)
