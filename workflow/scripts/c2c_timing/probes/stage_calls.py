"""The calls of models, projections and methods that the stages of a request consist of.

Who has to see them, or to do something beside them, hands a method stand-ins; the method stays as it
is. Outside these calls a stage has only the reading of a token on the host at natural length, and the
marks.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

from ..meters.clock import StageClock
from ..method_table import METHODS
from ..stages import Stage

if TYPE_CHECKING:
    from ..engine.decoding import Decoding, Step
    from ..engine.runtimes import RunningPair
    from ..session import Session, Trial


class CallMaker(Protocol):
    """Makes the calls in the method's place."""

    def make(self, stage: Stage, call: Callable, *args: Any) -> Any:
        """Make a call of a stage, and return what it returns."""


class _StandIn:
    """Stands in for an object: named methods go through the maker, all else straight to it."""

    def __init__(self, what: Any, maker: CallMaker, stages: Mapping[str, Stage]) -> None:
        self._what = what
        for name, stage in stages.items():
            setattr(self, name, functools.partial(maker.make, stage, getattr(what, name)))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._what, name)


class _MovesStandIn(_StandIn):
    """Stands in for a model's moves: the steps that it hands out go through the maker, too."""

    def __init__(
        self, what: Any, maker: CallMaker, stages: Mapping[str, Stage], steps: Stage
    ) -> None:
        super().__init__(what, maker, stages)
        self._maker, self._steps = maker, steps

    def stepper(self, decoding: Decoding) -> Step:
        """The decode step of one request."""
        step = self._what.stepper(decoding)
        return replace(step, make=functools.partial(self._maker.make, self._steps, step.make))


def answer_through(session: Session, trial: Trial, clock: StageClock, maker: CallMaker) -> None:
    """Run a trial, with every stage's calls going through a maker."""
    pair = _pair_through(trial.method, session.running[trial.runtime], maker)
    task = trial.task.with_calls(lambda what, stages: _StandIn(what, maker, stages))
    with session.torch.inference_mode():
        session.methods[trial.method].run(pair, task, clock)


def _pair_through(method: str, pair: RunningPair, maker: CallMaker) -> RunningPair:
    base = {"embed": Stage.BASE_EMBEDDING, "prefill": Stage.BASE_PREFILL}
    teacher = {"embed": Stage.TEACHER_EMBEDDING, "prefill": Stage.TEACHER_PREFILL}
    is_answer = METHODS[method].answers == "teacher"
    steps = Stage.DECODE if is_answer else Stage.TEACHER_DECODE
    return replace(
        pair,
        base=_MovesStandIn(pair.base, maker, base, Stage.DECODE),
        teachers=[_MovesStandIn(model, maker, teacher, steps) for model in pair.teachers],
        project=functools.partial(maker.make, Stage.PROJECTOR, pair.project),
    )
