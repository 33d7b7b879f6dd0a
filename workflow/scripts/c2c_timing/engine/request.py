"""One request, ready to run: ids on the device, cut into sections before the clock starts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch

from .cache import Span
from .causal_lm import CausalLM
from .decoding import Decoding


@dataclass(frozen=True)
class Section:
    """A run of prompt tokens that the base and the teachers read in one go.

    Attributes:
        base_ids: (1, tokens).
        teacher_ids: the same stretch of text in each teacher's ids, each (1, tokens); empty where
            no teacher has to read it, because nothing after it is projected.
        is_projected: whether the teachers' caches of this section go into the base's.
        base_span, teacher_spans: where the section lies in each cache.
    """

    base_ids: torch.Tensor
    teacher_ids: tuple[torch.Tensor, ...]
    is_projected: bool
    base_span: Span
    teacher_spans: tuple[Span, ...]

    def as_plain(self) -> dict[str, Any]:
        """For the record: how many tokens each model read in one pass."""
        return {
            "base_tokens": self.base_ids.shape[1],
            "teacher_tokens": [ids.shape[1] for ids in self.teacher_ids],
            "is_projected": self.is_projected,
        }


@dataclass(frozen=True)
class Request:
    """A prompt in ids of every model, and how it is to be answered.

    Attributes:
        base_ids: the base's whole prompt, (1, L).
        teacher_ids: the first teacher's whole prompt, (1, L').
        sections: prompt tokens 0 … L-2, in order.
        last_token: prompt token L-1, which the first decode step feeds, (1, 1).
        decoding: how the answer is generated.
        capacity: tokens that the longest cache must hold.
    """

    base_ids: torch.Tensor
    teacher_ids: torch.Tensor
    sections: tuple[Section, ...]
    last_token: torch.Tensor
    decoding: Decoding
    capacity: int

    def at_length(self, view: str) -> Request:
        """The same request at ``natural`` length, or at ``fixed`` length: exactly all tokens."""
        return replace(self, decoding=replace(self.decoding, ignore_eos=view == "fixed"))

    def shortened(self, tokens: int) -> Request:
        """The same request with at most so many tokens of answer."""
        most = min(tokens, self.decoding.max_new_tokens)
        return replace(self, decoding=replace(self.decoding, max_new_tokens=most))

    def most_marks(self) -> int:
        """The most stages, every decode step included, that a method makes of it."""
        teachers = max((len(section.teacher_ids) for section in self.sections), default=0)
        return 8 * (len(self.sections) + 1) * (1 + teachers) + self.decoding.max_new_tokens

    def stop_ids(self, model: CausalLM) -> frozenset[int]:
        """The ids that end an answer: none at fixed length."""
        return frozenset() if self.decoding.ignore_eos else model.eos_ids


@dataclass(frozen=True)
class TextSpan:
    """A stretch of the prompt in every model's ids, before it is put on the device."""

    base: Sequence[int]
    teachers: Sequence[Sequence[int]]
    is_projected: bool


def same_ids(ids: Sequence[int], teachers: int) -> list[TextSpan]:
    """Without alignment every model reads the base's ids, and all but the last are projected."""
    return [
        TextSpan(ids[:-1], [ids[:-1]] * teachers, is_projected=True),
        TextSpan(ids[-1:], [ids[-1:]] * teachers, is_projected=False),
    ]


def build_request(spans: Sequence[TextSpan], decoding: Decoding, device: torch.device) -> Request:
    """Put the ids on the device and lay out the sections.

    The last token is kept for the first decode step; stretches of no tokens vanish; teachers stop
    reading after the last projected stretch.
    """

    def tensor(ids: Sequence[int]) -> torch.Tensor:
        return torch.tensor([list(ids)], dtype=torch.long, device=device)

    base_ids = [i for span in spans for i in span.base]
    all_teacher_ids = list(zip(*(span.teachers for span in spans), strict=True))
    teacher_ids = [i for part in all_teacher_ids[0] for i in part]
    last_projected = max((n for n, span in enumerate(spans) if span.is_projected), default=-1)

    sections, base_at = [], 0
    teachers_at = [0] * len(all_teacher_ids)
    for number, span in enumerate(spans):
        ids = list(span.base)[: len(base_ids) - 1 - base_at]
        is_read = number <= last_projected
        parts = span.teachers
        if span.is_projected:  # the last prompt token is never projected: it waits for decoding
            parts = [part[: len(ids)] for part in parts]
        sizes = [len(part) if is_read else 0 for part in parts]
        if (ids or any(sizes)) and (ids or not span.is_projected):
            sections.append(
                Section(
                    base_ids=tensor(ids),
                    teacher_ids=tuple(map(tensor, parts)) if is_read else (),
                    is_projected=span.is_projected,
                    base_span=(base_at, base_at + len(ids)),
                    teacher_spans=tuple(
                        (at, at + size) for at, size in zip(teachers_at, sizes, strict=True)
                    ),
                )
            )
        base_at += len(ids)
        teachers_at = [at + size for at, size in zip(teachers_at, sizes, strict=True)]
    return Request(
        base_ids=tensor(base_ids),
        teacher_ids=tensor(teacher_ids),
        sections=tuple(sections),
        last_token=tensor(base_ids[-1:]),
        decoding=decoding,
        capacity=max(len(base_ids), *teachers_at) + decoding.max_new_tokens,
    )


def with_teacher_text_of(request: Request, other: Request) -> Request:
    """The request with teachers that read the other request's text, as many tokens in each section.

    A longer text is cut off; a shorter one begins again at its end.

    Raises:
        ValueError: a teacher reads nothing of the other request.
    """
    texts = [
        torch.cat(parts, dim=1)
        for parts in zip(*(s.teacher_ids for s in other.sections if s.teacher_ids), strict=True)
    ]
    if not texts or not all(text.shape[1] for text in texts):
        raise ValueError("the teachers read nothing of the other sample")
    sections = []
    for section in request.sections:
        spans = section.teacher_spans if section.teacher_ids else ()
        ids = tuple(
            text[:, torch.arange(*span, device=text.device) % text.shape[1]]
            for text, span in zip(texts, spans, strict=False)
        )
        sections.append(replace(section, teacher_ids=ids))
    return replace(request, sections=tuple(sections))
