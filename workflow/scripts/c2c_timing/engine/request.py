"""One request, ready to run: ids on the device, cut into sections before the clock starts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch

from .cache import Span
from .causal_lm import CausalLM
from .decoding import Decoding
from .padding import Stream, stream_of


@dataclass(frozen=True)
class Section:
    """A run of prompt tokens that the base and the teachers read in one go.

    Attributes:
        base_ids: (1, tokens).
        teacher_ids: the same stretch of text in each teacher's ids, each (1, tokens); empty where
            no teacher has to read it, because nothing after it is projected.
        is_projected: whether the teachers' caches of this section go into the base's.
        base_span, teacher_spans: where the section lies in each cache.
        base_padding_tokens, teacher_padding_tokens: how many of the tokens are padding.
    """

    base_ids: torch.Tensor
    teacher_ids: tuple[torch.Tensor, ...]
    is_projected: bool
    base_span: Span
    teacher_spans: tuple[Span, ...]
    base_padding_tokens: int = 0
    teacher_padding_tokens: tuple[int, ...] = ()

    def as_plain(self) -> dict[str, Any]:
        """For the record: how many tokens each model read in one pass."""
        return {
            "base_tokens": self.base_ids.shape[1],
            "teacher_tokens": [ids.shape[1] for ids in self.teacher_ids],
            "is_projected": self.is_projected,
            "base_padding_tokens": self.base_padding_tokens,
            "teacher_padding_tokens": list(self.teacher_padding_tokens),
        }


@dataclass(frozen=True)
class Request:
    """A prompt in ids of every model, and how it is to be answered.

    Attributes:
        base_ids: what the base reads alone, (1, tokens): its prompt without padding.
        teacher_ids: what the first teacher reads alone, (1, tokens).
        base, teachers: the prompt as C2C reads it, L tokens of the base.
        sections: prompt tokens 0 … L-2, in order.
        last_token: prompt token L-1, which the first decode step feeds, (1, 1).
        decoding: how the answer is generated.
        capacity: tokens that the longest cache must hold.
    """

    base_ids: torch.Tensor
    teacher_ids: torch.Tensor
    base: Stream
    teachers: tuple[Stream, ...]
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
    """A stretch of the prompt in every model's ids, before it is put on the device.

    Attributes:
        padding: how many ids at the end are padding, of the base and of each teacher; empty where none.
    """

    base: Sequence[int]
    teachers: Sequence[Sequence[int]]
    is_projected: bool
    padding: Sequence[int] = ()

    def streams(self) -> list[tuple[Sequence[int], int]]:
        """Ids and padding of the base, then of each teacher."""
        ids = (self.base, *self.teachers)
        return list(zip(ids, self.padding or (0,) * len(ids), strict=True))


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

    # For each model: its ids, and which of them are padding.
    models = [_joined(parts) for parts in zip(*(span.streams() for span in spans), strict=True)]
    own_ids = [
        [i for i, is_padding in zip(*model, strict=True) if not is_padding] for model in models[:2]
    ]
    (base_ids, base_padding), *teachers = models
    last_projected = max((n for n, span in enumerate(spans) if span.is_projected), default=-1)

    sections, base_at = [], 0
    teachers_at = [0] * len(teachers)
    for number, span in enumerate(spans):
        ids = list(span.base)[: len(base_ids) - 1 - base_at]
        is_read = number <= last_projected
        parts = span.teachers
        if span.is_projected:  # the last prompt token is never projected: it waits for decoding
            parts = [part[: len(ids)] for part in parts]
        sizes = [len(part) if is_read else 0 for part in parts]
        base_span = (base_at, base_at + len(ids))
        teacher_spans = [(at, at + size) for at, size in zip(teachers_at, sizes, strict=True)]
        if (ids or any(sizes)) and (ids or not span.is_projected):
            beside = list(zip(teachers, teacher_spans, strict=True)) if is_read else []
            sections.append(
                Section(
                    base_ids=tensor(ids),
                    teacher_ids=tuple(tensor(part) for part in parts) if is_read else (),
                    is_projected=span.is_projected,
                    base_span=base_span,
                    teacher_spans=tuple(teacher_spans),
                    base_padding_tokens=sum(base_padding[slice(*base_span)]),
                    teacher_padding_tokens=tuple(
                        sum(padding[slice(*at)]) for (_, padding), at in beside
                    ),
                )
            )
        base_at = base_span[1]
        teachers_at = [end for _, end in teacher_spans]
    return Request(
        base_ids=tensor(own_ids[0]),
        teacher_ids=tensor(own_ids[1]),
        base=stream_of(base_padding, device),
        teachers=tuple(stream_of(padding, device) for _, padding in teachers),
        sections=tuple(sections),
        last_token=tensor(base_ids[-1:]),
        decoding=decoding,
        capacity=max(len(base_ids), *teachers_at) + decoding.max_new_tokens,
    )


def _joined(parts: Sequence[tuple[Sequence[int], int]]) -> tuple[list[int], list[bool]]:
    """One model's ids of all stretches, and which of them are padding."""
    ids: list[int] = []
    is_padding: list[bool] = []
    for part, padding in parts:
        ids += part
        is_padding += [False] * (len(part) - padding) + [True] * padding
    return ids, is_padding


def with_teacher_text_of(request: Request, other: Request) -> Request:
    """The request with teachers that read the other request's text, as many tokens in each section.

    A longer text is cut off; a shorter one begins again at its end.

    Raises:
        ValueError: a teacher reads nothing of the other request.
    """
    texts = [
        _without_padding(torch.cat(parts, dim=1), stream)
        for parts, stream in zip(
            zip(*(s.teacher_ids for s in other.sections if s.teacher_ids), strict=True),
            other.teachers,
            strict=False,
        )
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


def _without_padding(ids: torch.Tensor, stream: Stream) -> torch.Tensor:
    return ids if stream.padding is None else ids[:, stream.padding.seen[0, : ids.shape[1]]]
