"""All requests of one sample: every method, runtime, length and repeat, in an order drawn for it."""

from __future__ import annotations

import itertools
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ..cards.dataset_card import DatasetCard
from ..data.answers import is_correct
from ..data.selection import select_rows
from ..data.sources import Row, read_rows
from ..engine.causal_lm import CausalLM
from ..engine.runtimes import NotReadyError
from ..errors import one_line
from ..meters.wall_times import WallTimes
from ..method_table import METHODS
from ..methods.task import Task
from ..record import build_record
from ..session import Session, Timed, Trial
from ..settings import RunSettings


class Turn(NamedTuple):
    """One request of a sample and repeat."""

    method: str
    runtime: str
    view: str


def read_samples(card: DatasetCard, subject: str, settings: RunSettings) -> list[Row]:
    """The rows of a shard.

    Raises:
        UserError: the source as a whole cannot be read.
    """
    rows = read_rows(card, subject, settings.source)
    return select_rows(rows, settings.num_samples, settings.selection, settings.seed)


def draw_order(settings: RunSettings, where: Mapping[str, str], repeat: int) -> list[Turn]:
    """Every method under every runtime at every length, in an order that depends on seed, sample and
    repeat alone: a drift of the machine then favours none.
    """
    turns = [
        Turn(method, runtime, view)
        for view, runtime, method in itertools.product(
            settings.length_views, settings.runtimes, settings.methods
        )
    ]
    key = [settings.seed, where["dataset"], where["subject"], where["id"], repeat]
    random.Random("/".join(map(str, key))).shuffle(turns)
    return turns


@dataclass
class SampleResult:
    """What one sample gave: a record for each request, an error for each that failed.

    Attributes:
        cold_timings: by runtime and method, ``timing`` of the first request where this sample
            warmed it up.
        device_failure: what the device said when it broke; no request can follow.
    """

    records: list[dict] = field(default_factory=list)
    errors: list[dict] = field(default_factory=list)
    cold_timings: dict[str, dict[str, dict]] = field(default_factory=dict)
    device_failure: str | None = None


class SampleLoop:
    """The loop's body, and what is warm already."""

    def __init__(self, session: Session, walls: WallTimes, attempt: int) -> None:
        self.session, self.walls = session, walls
        self.attempt = attempt
        self._settings = session.settings
        self._warm: set[tuple[str, str]] = set()

    def time_row(self, card: DatasetCard, subject: str, row: Row) -> SampleResult:
        """Time one sample; what goes wrong in one method leaves the others alone."""
        result = SampleResult()
        where = {"id": row.id, "dataset": card.name, "subject": subject}
        try:
            with self.walls.book("preparing"):
                tasks, troubles = self.session.preparation.tasks_of_row(card, subject, row)
        except Exception as error:  # whatever one sample does must not end the shard
            self._fail(result, where, None, None, error)
            return result
        for method, trouble in troubles.items():
            self._fail(result, where, method, None, trouble)
        failed = self._warm_up_all(result, where, tasks)
        answers: list[list[int]] = []
        for repeat in range(1, self._settings.repeats + 1):
            for place, turn in enumerate(draw_order(self._settings, where, repeat), 1):
                task, arm = tasks.get(turn.method), (turn.method, turn.runtime)
                if task is None or arm in failed or result.device_failure:
                    continue
                timed = self._time(result, where, turn, task, "requests")
                if timed is None:
                    failed.add(arm)
                    continue
                with self.walls.book("writing"):
                    record = self._record(where, turn, repeat, place, task, timed)
                    result.records.append(record)
                    answers.append(timed.answer.ids)
        with self.walls.book("writing"):  # after the last request: no comparison comes between two
            for record, ids in zip(result.records, answers, strict=True):
                record["correct"] = self._judge(card, subject, row, record["method"], ids)
        return result

    def _warm_up_all(
        self, result: SampleResult, where: dict[str, str], tasks: Mapping[str, Task]
    ) -> set[tuple[str, str]]:
        """The first, cold request of each method under each runtime: kept apart, no record.

        Returns:
            Those that failed.
        """
        failed = set()
        view = self._settings.length_views[0]
        for runtime, (method, task) in itertools.product(self._settings.runtimes, tasks.items()):
            arm = (method, runtime)
            if arm in self._warm or result.device_failure:
                continue
            timed = self._time(result, where, Turn(method, runtime, view), task, "warm_up")
            if timed is None:
                failed.add(arm)
            else:
                self._warm.add(arm)
                result.cold_timings.setdefault(runtime, {})[method] = timed.timing
        return failed

    def _time(
        self, result: SampleResult, where: dict[str, str], turn: Turn, task: Task, wall: str
    ) -> Timed | None:
        """One request; None where it failed, which is noted."""
        try:
            trial = Trial(turn.method, turn.runtime, task.at_length(turn.view))
            try:
                with self.walls.book(wall):
                    return self.session.time_request(trial)
            except NotReadyError:  # a length that is new to the runtime
                with self.walls.book("building"):
                    self.session.make_ready(trial)
            with self.walls.book(wall):
                return self.session.time_request(trial)
        except Exception as error:
            self._fail(result, where, turn.method, turn.runtime, error)
            return None

    def _fail(
        self,
        result: SampleResult,
        where: dict[str, str],
        method: str | None,
        runtime: str | None,
        error: Exception,
    ) -> None:
        message, kind = one_line(error)[:500], type(error).__name__
        result.errors.append(
            {
                **where,
                "pair": self._settings.pair.name,
                "method": method,
                "runtime": runtime,
                "stage": getattr(error, "stage", "prepare" if method is None else "request"),
                "error_type": kind,
                "message": message,
            }
        )
        if "OutOfMemory" in kind or "out of memory" in message:
            self.session.release_memory()
        elif kind == "AcceleratorError":  # a CUDA context is lost with its first error
            result.device_failure = message

    def _record(
        self, where: dict[str, str], turn: Turn, repeat: int, place: int, task: Task, timed: Timed
    ) -> dict[str, Any]:
        answer = timed.answer
        return build_record(
            identity={
                **where,
                "pair": self._settings.pair.name,
                "method": turn.method,
                "runtime": turn.runtime,
                "length_view": turn.view,
                "repeat": repeat,
                "order": place,
                "attempt": self.attempt,
            },
            texts=task.facts | answer.facts,
            response=self._text_of(turn.method, answer.ids),
            response_length=len(answer.ids),
            model_config=self.session.model_config,
            timing=timed.timing,
            reading=timed.reading,
            residual_limit=self._settings.residual_limit,
            peak_memory_bytes=timed.peak_memory_bytes,
        )

    def _answerer(self, method: str) -> CausalLM:
        pair = self.session.pair
        return pair.teachers[0] if METHODS[method].answers == "teacher" else pair.base

    def _text_of(self, method: str, ids: list[int]) -> str:
        return self._answerer(method).tokenizer.decode(ids, skip_special_tokens=True)

    def _judge(
        self, card: DatasetCard, subject: str, row: Row, method: str, ids: list[int]
    ) -> bool | None:
        """Whether the answer is right; None where made-up weights had part in it, or no rule can tell.

        At fixed length a model must go on after its answer; what comes then is no part of it.
        """
        if not self._settings.pair.is_real_for(METHODS[method].models):
            return None
        model = self._answerer(method)
        end = next((place for place, i in enumerate(ids) if i in model.eos_ids), len(ids))
        return is_correct(card, subject, row.values, self._text_of(method, ids[:end]))
