"""A pair on static caches: every model's moves, and the projection over padded spans."""

from __future__ import annotations

from collections.abc import Sequence

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

    def first() -> None:
        span = (0, FIRST_TOKENS)
        base, *teachers = (model.make_cache(FIRST_CAPACITY) for model in moves)
        fusion.project(base, span, [(teacher, span) for teacher in teachers])

    def project(
        base: StaticCache, base_span: Span, teachers: Sequence[tuple[StaticCache, Span]]
    ) -> int:
        # What is projected beyond the span is written over before anyone attends to it.
        caches = [(base, base_span), *teachers]
        room = min(cache.capacity - start for cache, (start, _) in caches)
        size = min(padded(base_span[1] - base_span[0]), room)
        spans = [(start, start + size) for _, (start, _) in caches]
        heard = [(cache, span) for (cache, _), span in zip(teachers, spans[1:], strict=True)]
        key = (base, "projection", size, *(span[0] for span in spans), *(c for c, _ in heard))
        kit.run(key, lambda: fusion.project(base, spans[0], heard), first, base.tensors())
        return fusion.calls

    return RunningPair(
        moves[0],
        moves[1:],
        project,
        pair.device,
        kit,
    )
