"""Every move of a request as a CUDA graph around transformers' own kernels."""

from __future__ import annotations

from ..pair import ModelPair
from ..static.kit import CapturingKit
from ..static.pair import open_static
from . import RunningPair


def open_pair(pair: ModelPair) -> RunningPair:
    """The pair on static caches; what a length needs is captured when it is first met."""
    return open_static("graphs", pair, CapturingKit())
