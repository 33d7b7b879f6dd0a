"""Models as they are called; all open projectors of a fuser as one batched computation."""

from __future__ import annotations

from ..pair import ModelPair
from ..stacked import StackedFusion
from . import RunningPair
from .eager import EagerMoves


def open_pair(pair: ModelPair) -> RunningPair:
    """The pair with its projectors stacked; eager's are views of the same memory from then on."""
    fusion = StackedFusion(pair.fusers, pair.fusion_mode)
    return RunningPair(
        EagerMoves(pair.base), list(map(EagerMoves, pair.teachers)), fusion.project, pair.device
    )
