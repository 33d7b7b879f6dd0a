"""A pair on static caches: every model's moves, and the projection over padded spans."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from ...errors import UserError
from ..cache import Span
from ..pair import ModelPair
from ..runtimes import RunningPair
from ..stacked import StackedFusion
from .buckets import padded
from .cache import StaticCache
from .kit import Kit
from .moves import FIRST_CAPACITY, FIRST_TOKENS, StaticMoves
from .refusals import refusal


def open_static(name: str, pair: ModelPair, kit: Kit) -> RunningPair:
    """The pair under a runtime that replays.

    Raises:
        UserError: a model would be computed wrongly.
    """
    for lm in (pair.base, *pair.teachers):
        if why := refusal(lm):
            raise UserError(f"runtime {name} cannot run {lm.name}: {why}; use fused")
    moves = [StaticMoves(lm, kit) for lm in (pair.base, *pair.teachers)]
    fusion = StackedFusion(pair.fusers, pair.fusion_mode, kit.compiled)

    def fuse(caches: Sequence[StaticCache], size: int, is_continued: bool) -> None:
        """Over the first tokens of every cache, or over those from its position on."""
        places = [_from(cache.position, size) if is_continued else (0, size) for cache in caches]
        base, *teachers = zip(caches, places, strict=True)
        fusion.project(*base, teachers)

    def first() -> None:
        fuse([model.make_cache(FIRST_CAPACITY) for model in moves], FIRST_TOKENS, False)

    def first_continued() -> None:
        caches = [model.make_cache(FIRST_CAPACITY) for model in moves]
        for cache in caches:
            cache.point_at(1)
        fuse(caches, FIRST_TOKENS, True)

    def project(
        base: StaticCache, base_span: Span, teachers: Sequence[tuple[StaticCache, Span]]
    ) -> int:
        begins = [(base, base_span[0]), *((cache, start) for cache, (start, _) in teachers)]
        # What is projected beyond the span is written over before anyone attends to it.
        tokens = base_span[1] - base_span[0]
        size = padded(tokens, min(cache.room_from(start, tokens) for cache, start in begins))
        caches, is_continued = [cache for cache, _ in begins], any(start for _, start in begins)
        if is_continued:
            for cache, start in begins:
                cache.point_at(start)
        kit.run(
            ("projection", size, is_continued),
            caches,
            lambda: fuse(caches, size, is_continued),
            first_continued if is_continued else first,
            base.tensors(),
        )
        return fusion.calls

    return RunningPair(
        moves[0],
        moves[1:],
        project,
        pair.device,
        kit,
    )


def _from(position: torch.Tensor, tokens: int) -> torch.Tensor:
    """So many places from a position (1,) on."""
    return position + torch.arange(tokens, device=position.device)
