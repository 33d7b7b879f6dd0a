"""Controls: C2C with one thing taken away, through C2C's own timed region (``c2c.py``)."""

from __future__ import annotations

from dataclasses import replace

from ..engine.fuser import Fuser
from ..engine.pair import ModelPair
from ..engine.request import Request
from ..errors import SampleError
from ..meters.clock import StageClock
from .answer import Answer
from .c2c import run_c2c


def run_c2c_closed(pair: ModelPair, request: Request, clock: StageClock) -> Answer:
    """Time C2C as if all gates were closed: both models read, nothing is projected.

    The answer must be the base's own; the projector stage is there and has nothing to do.
    """
    closed = [Fuser([]) for _ in pair.fusers]
    return run_c2c(replace(pair, fusers=closed), request, clock)


def run_c2c_shuffled(pair: ModelPair, request: Request, clock: StageClock) -> Answer:
    """Time C2C with teachers that read another sample's text: the same cost, other knowledge.

    Raises:
        SampleError: the shard has no other sample that can be read.
    """
    if request.shuffled_sections is None:
        raise SampleError("request", "c2c_shuffled needs another readable sample in the shard")
    return run_c2c(pair, replace(request, sections=request.shuffled_sections), clock)
