"""All requests of one sample: every method, runtime, length and repeat, in an order drawn for it."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

from ..cards.dataset_card import DatasetCard
from ..data.answers import is_correct
from ..data.sources import Row
from ..engine.causal_lm import CausalLM
from ..engine.runtimes import NotReadyError
from ..errors import one_line
from ..meters.wall_times import WallTimes
from ..method_table import row_of
from ..methods.task import Task
from ..record import build_record
from ..session import Session, Timed, Trial
from ..settings import RunSettings
from .samples import told_of_source

Result = TypeVar("Result")


class Turn(NamedTuple):
    """One request of a sample and repeat; ``method`` may be a second arm."""

    method: str
    runtime: str
    view: str


def draw_order(
    settings: RunSettings, where: Mapping[str, str], repeat: int, process: int = 1
) -> list[Turn]:
    """Every arm under every runtime at every length, in an order that depends on seed, sample, repeat
    and process alone: a drift of the machine then favours none.

    Every second process has the order of the one before it, reversed.
    """
    turns = [
        Turn(method, runtime, view)
        for view, runtime, method in itertools.product(
            settings.length_views, settings.runtimes, settings.arms
        )
    ]
    key = [settings.seed, where["dataset"], where["subject"], where["id"], repeat]
    two = (process + 1) // 2
    random.Random("/".join(map(str, key if two == 1 else [*key, two]))).shuffle(turns)
    return turns if process % 2 else turns[::-1]


@dataclass
class SampleResult:
    """What one sample gave: a record for each request, an error for each that failed.

    Attributes:
        cold_timings: by runtime and method, ``timing`` of the first request where this sample
            warmed it up: the first after loading, or where the runtime builds after building.
        device_failure: what the device said when it broke; no request can follow.
    """

    records: list[dict] = field(default_factory=list)
    errors: list[dict] = field(default_factory=list)
    cold_timings: dict[str, dict[str, dict]] = field(default_factory=dict)
    device_failure: str | None = None


@dataclass
class _Sample:
    """A sample that is being timed.

    Attributes:
        where: its id, data set and subject.
        repeats: numbers of its repeats.
        failed: arms and runtimes that go no further.
    """

    where: dict[str, str]
    tasks: Mapping[str, Task]
    result: SampleResult
    repeats: tuple[int, ...]
    failed: set[tuple[str, str | None]] = field(default_factory=set)

    def task_of(self, turn: Turn) -> Task | None:
        """What the turn's method is to do; None where the turn cannot be taken."""
        if (turn.method, turn.runtime) in self.failed or self.result.device_failure:
            return None
        return self.tasks.get(turn.method)


class SampleLoop:
    """The loop's body, and what is warm already."""

    def __init__(self, session: Session, walls: WallTimes, attempt: int, process: int = 1) -> None:
        self.session, self.walls = session, walls
        self.attempt, self.process = attempt, process
        self._settings = session.settings
        self._warm: set[tuple[str, str]] = set()

    def time_row(
        self,
        card: DatasetCard,
        subject: str,
        row: Row,
        repeats: Iterable[int] | None = None,
        failed: Collection[tuple[str, str | None]] = (),
    ) -> SampleResult:
        """Time one sample; what goes wrong in one method leaves the others alone.

        Args:
            repeats: numbers of those to time; by default all of the settings.
            failed: arms and runtimes (None: all) that failed in earlier repeats, and go no further.
        """
        result = SampleResult()
        where = {"id": row.id, "dataset": card.name, "subject": subject}
        try:
            with self.walls.book("preparing"):
                tasks, troubles = self.session.preparation.tasks_of_row(card, subject, row)
        except Exception as error:  # whatever one sample does must not end the shard
            self._fail(result, where, None, None, error)
            return result
        for method, trouble in troubles.items():
            if (method, None) not in failed:
                self._fail(result, where, method, None, trouble)
        numbers = range(1, self._settings.repeats + 1) if repeats is None else repeats
        sample = _Sample(where, tasks, result, tuple(numbers), {*failed})
        self._warm_up_all(sample)
        for turn, repeat, place, timed in self._time_all(sample):
            with self.walls.book("writing"):
                record = self._record(where, turn, repeat, place, tasks[turn.method], timed)
                record |= {"started_at": timed.started_at, "row_digest": row.digest}
                record |= told_of_source(row, self._settings.source)
                record["correct"] = self._judge(card, subject, row, turn.method, timed.answer.ids)
                result.records.append(record)
        return result

    def _warm_up_all(self, sample: _Sample) -> None:
        """The first, cold request of each method under each runtime: kept apart, no record.

        Where the runtime has to build something, it is the first after that.
        """
        view = self._settings.length_views[0]
        turns = [*itertools.product(self._settings.runtimes, sample.tasks)]
        for runtime, method in turns if self.process % 2 else turns[::-1]:
            if (method, runtime) in self._warm:
                continue
            turn = Turn(method, runtime, view)
            timed = self._try(sample, turn, lambda trial: self._time_built(trial, "warm_up"))
            if timed is not None:
                self._warm.add((method, runtime))
                sample.result.cold_timings.setdefault(runtime, {})[method] = timed.timing

    def _time_all(self, sample: _Sample) -> list[tuple[Turn, int, int, Timed]]:
        """All requests of a sample, each with its repeat and place; all are ready before the first.

        Where a runtime meets something new, what was timed until then counts for nothing: every
        request runs once without a clock, under every runtime, and only then all are timed. So none
        follows its own rehearsal while others follow each other.
        """
        try:
            return self._time_in_order(sample, self._time, through=NotReadyError)
        except NotReadyError:
            for turn in self._order(sample, 1):
                self._try(sample, turn, self._rehearse)
        # Of requests that do not fit into memory together, each is built before its own.
        return self._time_in_order(sample, self._time_built)

    def _time_in_order(
        self,
        sample: _Sample,
        request: Callable[[Trial], Timed],
        through: tuple[()] | type[Exception] = (),
    ) -> list[tuple[Turn, int, int, Timed]]:
        done = []
        for repeat in sample.repeats:
            for place, turn in enumerate(self._order(sample, repeat), 1):
                timed = self._try(sample, turn, request, through)
                if timed is not None:
                    done.append((turn, repeat, place, timed))
        return done

    def _order(self, sample: _Sample, repeat: int) -> list[Turn]:
        return draw_order(self._settings, sample.where, repeat, self.process)

    def _try(
        self,
        sample: _Sample,
        turn: Turn,
        request: Callable[[Trial], Result],
        through: tuple[()] | type[Exception] = (),
    ) -> Result | None:
        """Make a request; None where the turn cannot be taken or fails, which is noted.

        Args:
            through: errors that are no failure of the turn.
        """
        task = sample.task_of(turn)
        if task is None:
            return None
        try:
            return request(Trial(turn.method, turn.runtime, task.at_length(turn.view)))
        except through:
            raise
        except Exception as error:
            sample.failed.add((turn.method, turn.runtime))
            self._fail(sample.result, sample.where, turn.method, turn.runtime, error)
            return None

    def _time(self, trial: Trial, wall: str = "requests") -> Timed:
        with self.walls.book(wall):
            return self.session.time_request(trial)

    def _time_built(self, trial: Trial, wall: str = "requests") -> Timed:
        """One request, after what it needs was built."""
        try:
            return self._time(trial, wall)
        except NotReadyError:
            self._rehearse(trial)
        return self._time(trial, wall)

    def _rehearse(self, trial: Trial) -> None:
        with self.walls.book("building"):
            self.session.make_ready(trial)

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
                "process": self.process,
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
                "process": self.process,
                "possible_looks": len(self._settings.looks),
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
            other_runtimes_bytes=timed.other_runtimes_bytes,
            scratch_bytes=timed.scratch_bytes,
        )

    def _answerer(self, method: str) -> CausalLM:
        pair = self.session.pair
        return pair.teachers[0] if row_of(method).answers == "teacher" else pair.base

    def _text_of(self, method: str, ids: list[int]) -> str:
        return self._answerer(method).text_of(ids)

    def _judge(
        self, card: DatasetCard, subject: str, row: Row, method: str, ids: list[int]
    ) -> bool | None:
        """Whether the answer is right; None where made-up weights had part in it, or no rule can tell.

        At fixed length a model must go on after its answer; what comes then is no part of it.
        """
        if not self._settings.pair.is_real_for(row_of(method).models):
            return None
        model = self._answerer(method)
        end = next((place for place, i in enumerate(ids) if i in model.eos_ids), len(ids))
        return is_correct(card, subject, row.values, self._text_of(method, ids[:end]))
