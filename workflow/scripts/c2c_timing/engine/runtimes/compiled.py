"""Every move of a request compiled (inductor), and on CUDA captured as a graph."""

from __future__ import annotations

import shutil

from ...errors import UserError
from ..pair import ModelPair
from ..static.compiling import CompilingAndCapturingKit, CompilingKit
from ..static.pair import open_static
from . import RunningPair


def open_pair(pair: ModelPair) -> RunningPair:
    """The pair on static caches; compiled when a move is first made.

    Raises:
        UserError: there is no compiler.
    """
    if pair.device.type == "cuda":
        return open_static("compiled", pair, CompilingAndCapturingKit())
    if not any(map(shutil.which, ("g++", "clang++"))):
        raise UserError("runtime compiled needs a C++ compiler (g++) on a CPU; use fused")
    return open_static("compiled", pair, CompilingKit())
