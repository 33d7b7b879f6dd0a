"""The calls of models, projectors and text exchange that the stages of an arm consist of.

Who has to see them, or to do something beside them, hands an arm stand-ins; the arm stays as it is.
Outside these calls a stage has only the choice of a token, its reading on the host at natural length,
the addition of residuals, and the marks.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Protocol

from ..engine.pair import ModelPair
from ..engine.request import Request
from ..meters.clock import StageClock
from ..stages import Stage

if TYPE_CHECKING:
    from ..session import Session


class Watcher(Protocol):
    """Makes the calls in the arm's place."""

    def watch(self, stage: Stage, call: Callable, *args: Any) -> Any:
        """Make a call of a stage, and return what it returns."""


class _Watched:
    """Stands in for an object: named methods go through the watcher, all else straight to it."""

    def __init__(self, what: Any, watcher: Watcher, stages: dict[str, Stage]) -> None:
        self._what = what
        for name, stage in stages.items():
            setattr(self, name, functools.partial(watcher.watch, stage, getattr(what, name)))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._what, name)


def answer_watched(
    session: Session, method: str, request: Request, clock: StageClock, watcher: Watcher
) -> None:
    """Run one request by one method, with every stage's calls going through a watcher."""
    pair, request = watched(method, session.pair, request, watcher)
    with session.torch.inference_mode():
        session.arms[method](pair, request, clock)


def watched(
    method: str, pair: ModelPair, request: Request, watcher: Watcher
) -> tuple[ModelPair, Request]:
    """The pair and the request of a method, with every stage's calls going through a watcher."""
    teacher_steps = Stage.DECODE if method == "teacher" else Stage.TEACHER_DECODE
    base = {
        "embed": Stage.BASE_EMBEDDING,
        "prefill": Stage.BASE_PREFILL,
        "step": Stage.DECODE,
    }
    teacher = {
        "embed": Stage.TEACHER_EMBEDDING,
        "prefill": Stage.TEACHER_PREFILL,
        "step": teacher_steps,
    }
    projector = {"residuals": Stage.PROJECTOR}
    fusers = [
        SimpleNamespace(
            connections=[
                replace(c, projector=_Watched(c.projector, watcher, projector))
                for c in fuser.connections
            ]
        )
        for fuser in pair.fusers
    ]
    if request.exchange:
        handover = {"base_prompt": Stage.HANDOVER}
        request = replace(request, exchange=_Watched(request.exchange, watcher, handover))
    pair = replace(
        pair,
        base=_Watched(pair.base, watcher, base),
        teachers=[_Watched(model, watcher, teacher) for model in pair.teachers],
        fusers=fusers,
    )
    return pair, request
