"""All requests of one sample: every method, length and repeat, in an order drawn for it."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..cards.dataset_card import DatasetCard
from ..data.answers import is_correct
from ..data.prompts import build_prompt
from ..data.sources import Row
from ..errors import SampleError, one_line
from ..meters.wall_times import WallTimes
from ..record import build_record
from ..session import Session, Timed
from ..settings import RunSettings

if TYPE_CHECKING:
    from ..engine.prompt_ids import TokenizedPrompt

RUNTIME = "eager"


def draw_order(settings: RunSettings, where: dict[str, str], repeat: int) -> list[tuple[str, str]]:
    """Every method at every length, in an order that depends on seed, sample and repeat alone.

    A drift of the machine then favours no method.
    """
    requests = [(method, view) for view in settings.length_views for method in settings.methods]
    key = [settings.seed, where["dataset"], where["subject"], where["id"], repeat]
    random.Random("/".join(map(str, key))).shuffle(requests)
    return requests


@dataclass
class SampleResult:
    """What one sample gave: a record for each request, an error for each method that failed.

    Attributes:
        cold_timings: ``timing`` of the first request of each method that was warmed up by it.
        device_failure: what the device said when it broke; no request can follow.
    """

    records: list[dict] = field(default_factory=list)
    errors: list[dict] = field(default_factory=list)
    cold_timings: dict[str, dict] = field(default_factory=dict)
    device_failure: str | None = None


class SampleLoop:
    """The loop's body, and what is warm already."""

    def __init__(
        self, settings: RunSettings, session: Session, walls: WallTimes, attempt: int
    ) -> None:
        self.settings, self.session, self.walls = settings, session, walls
        self.attempt = attempt
        self.warm_methods: set[str] = set()

    def time_row(self, card: DatasetCard, subject: str, row: Row) -> SampleResult:
        """Time one sample; what goes wrong in one method leaves the others alone."""
        result = SampleResult()
        where = {"id": row.id, "dataset": card.name, "subject": subject}
        try:
            with self.walls.book("preparing"):
                tokenized, troubles = self.prepare_all(card, subject, row)
        except Exception as error:  # whatever one sample does must not end the shard
            self._fail(result, where, None, error)
            return result
        failed = set(troubles)
        for method, error in troubles.items():
            self._fail(result, where, method, error)
        failed |= self._warm_up_all(result, where, tokenized, failed)
        for repeat in range(1, self.settings.repeats + 1):
            for place, (method, view) in enumerate(draw_order(self.settings, where, repeat), 1):
                if method in failed or result.device_failure:
                    continue
                try:
                    with self.walls.book("requests"):
                        timed = self.session.time_request(method, view, tokenized)
                except Exception as error:
                    failed.add(method)
                    self._fail(result, where, method, error)
                    continue
                with self.walls.book("writing"):
                    turn = {
                        "length_view": view,
                        "repeat": repeat,
                        "order": place,
                        "attempt": self.attempt,
                    }
                    record = self._record(where, method, turn, tokenized, timed)
                    if method == "c2c_shuffled":
                        record["teacher_sample_id"] = row.other.id
                    record["correct"] = self._judge(card, subject, row, method, timed)
                    result.records.append(record)
        return result

    def prepare_all(
        self, card: DatasetCard, subject: str, row: Row
    ) -> tuple[TokenizedPrompt, dict[str, Exception]]:
        """The request of a sample for every method, and why some methods cannot run it.

        Raises:
            Exception: of any kind, where no method can run it.
        """
        tokenized, troubles = self._prepare(card, subject, row), {}
        for method, prepare_more in (
            ("t2t", self._with_exchange),
            ("c2c_shuffled", self._with_other_text),
        ):
            if method in self.settings.methods:
                try:
                    tokenized = prepare_more(card, subject, row, tokenized)
                except Exception as error:  # what only one method needs is its trouble alone
                    troubles[method] = error
        return tokenized, troubles

    def _prepare(self, card: DatasetCard, subject: str, row: Row) -> TokenizedPrompt:
        if row.problem:
            raise SampleError("read", row.problem)
        return self.session.prepare(build_prompt(card, subject, row.values), card, subject)

    def _with_exchange(
        self, card: DatasetCard, subject: str, row: Row, tokenized: TokenizedPrompt
    ) -> TokenizedPrompt:
        """The teacher's request of t2t, and the chat that its message goes into."""
        return self.session.with_exchange(tokenized, build_prompt(card, subject, row.values), card)

    def _with_other_text(
        self, card: DatasetCard, subject: str, row: Row, tokenized: TokenizedPrompt
    ) -> TokenizedPrompt:
        """What the teachers of c2c_shuffled read instead."""
        if row.other is None:
            raise SampleError("prompt", "c2c_shuffled needs another readable sample in the shard")
        other = build_prompt(card, subject, row.other.values)
        return self.session.with_other_text(tokenized, other, card, subject)

    def _warm_up_all(
        self, result: SampleResult, where: dict, tokenized: TokenizedPrompt, without: set[str]
    ) -> set[str]:
        """The first, cold request of each method, ahead of every other: kept apart, no record."""
        failed = set()
        for method in self.settings.methods:
            if method in self.warm_methods | without or result.device_failure:
                continue
            try:
                with self.walls.book("warm_up"):
                    view = self.settings.length_views[0]
                    timed = self.session.time_request(method, view, tokenized)
            except Exception as error:
                failed.add(method)
                self._fail(result, where, method, error)
            else:
                self.warm_methods.add(method)
                result.cold_timings[method] = timed.timing
        return failed

    def _fail(
        self, result: SampleResult, where: dict, method: str | None, error: Exception
    ) -> None:
        message, kind = one_line(error)[:500], type(error).__name__
        result.errors.append(
            {
                **where,
                "pair": self.settings.pair.name,
                "method": method,
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
        self, where: dict, method: str, turn: dict, tokenized: TokenizedPrompt, timed: Timed
    ) -> dict:
        return build_record(
            identity={
                **where,
                "pair": self.settings.pair.name,
                "method": method,
                "runtime": RUNTIME,
                **turn,
            },
            texts=prompt_facts(method, tokenized, timed),
            response=self._answerer(method).tokenizer.decode(
                timed.answer.ids, skip_special_tokens=True
            ),
            response_length=len(timed.answer.ids),
            model_config=self.session.model_config,
            timing=timed.timing,
            reading=timed.reading,
            residual_limit=self.settings.residual_limit,
            peak_memory_bytes=timed.peak_memory_bytes,
        )

    def _answerer(self, method: str) -> Any:
        pair = self.session.pair
        return pair.teachers[0] if method == "teacher" else pair.base

    def _judge(
        self, card: DatasetCard, subject: str, row: Row, method: str, timed: Timed
    ) -> bool | None:
        """Whether the answer is right; None where made-up weights gave it, or no rule can tell.

        At fixed length a model must go on after its answer; what comes then is no part of it.
        """
        if self.session.model_config["weights"] != "real":
            return None
        model, ids = self._answerer(method), timed.answer.ids
        end = next((place for place, i in enumerate(ids) if i in model.eos_ids), len(ids))
        response = model.tokenizer.decode(ids[:end], skip_special_tokens=True)
        return is_correct(card, subject, row.values, response)


def prompt_facts(method: str, tokenized: TokenizedPrompt, timed: Timed) -> dict[str, Any]:
    """What the models of a method read: texts, and lengths in tokens."""
    request, base_prompt = tokenized.request, timed.answer.base_prompt
    if base_prompt:
        return {
            "prompt": base_prompt.text,
            "message": base_prompt.message,
            "message_length": base_prompt.message_length,
            "prompt_length": base_prompt.ids.shape[1],
            "teacher_prompt_length": request.exchange.teacher_ids.shape[1],
        }
    teacher_length = request.teacher_ids.shape[1]
    is_fused = timed.answer.projector_calls is not None
    return {
        "prompt": tokenized.text,
        "prompt_length": teacher_length if method == "teacher" else request.base_ids.shape[1],
        "teacher_prompt_length": None if method == "base" else teacher_length,
        "sections": [section.as_plain() for section in request.sections] if is_fused else None,
    }
