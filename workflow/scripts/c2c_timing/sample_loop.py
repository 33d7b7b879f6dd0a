"""All requests of one sample: every method, length and repeat, in an order drawn for it."""

from __future__ import annotations

import random
from typing import Any

from .data.answers import is_correct
from .data.cards import DatasetCard
from .data.prompts import build_prompt
from .data.sources import Row
from .errors import SampleError
from .record import build_record
from .session import Session, Timed
from .settings import RunSettings
from .shard_files import ShardFiles
from .walls import WallTimes

RUNTIME = "eager"


def draw_order(settings: RunSettings, where: dict[str, str], repeat: int) -> list[tuple[str, str]]:
    """Every method at every length, in an order that depends on seed, sample and repeat alone.

    A drift of the machine then favours no method.
    """
    requests = [(method, view) for view in settings.length_views for method in settings.methods]
    key = [settings.seed, where["dataset"], where["subject"], where["id"], repeat]
    random.Random("/".join(map(str, key))).shuffle(requests)
    return requests


class SampleLoop:
    """The loop's body, with what it counts."""

    def __init__(self, settings: RunSettings, session: Session, walls: WallTimes) -> None:
        self.settings, self.session, self.walls = settings, session, walls
        self.cold_timings: dict[str, dict] = {}
        self.num_flagged = 0
        self.last_error: dict = {}

    def time_row(self, card: DatasetCard, subject: str, row: Row, files: ShardFiles) -> None:
        """Time one sample; what goes wrong in one method leaves the others alone."""
        where = {"id": row.id, "dataset": card.name, "subject": subject}
        try:
            with self.walls.book("preparing"):
                tokenized = self._prepare(card, subject, row)
        except Exception as error:  # whatever one sample does must not end the shard
            self._fail(files, where, None, error)
            return
        failed = set()
        if "c2c_shuffled" in self.settings.methods:
            try:
                with self.walls.book("preparing"):
                    tokenized = self._with_other_text(card, subject, row, tokenized)
            except Exception as error:  # the other sample's trouble is this method's alone
                failed.add("c2c_shuffled")
                self._fail(files, where, "c2c_shuffled", error)
        failed |= self._warm_up_all(files, where, tokenized, failed)
        for repeat in range(1, self.settings.repeats + 1):
            for place, (method, view) in enumerate(draw_order(self.settings, where, repeat), 1):
                if method in failed:
                    continue
                try:
                    with self.walls.book("requests"):
                        timed = self.session.time_request(method, view, tokenized)
                except Exception as error:
                    failed.add(method)
                    self._fail(files, where, method, error)
                    continue
                with self.walls.book("writing"):
                    turn = {"length_view": view, "repeat": repeat, "order": place}
                    record = self._record(where, method, turn, tokenized, timed)
                    if method == "c2c_shuffled":
                        record["teacher_sample_id"] = row.other.id
                    record["correct"] = self._judge(card, subject, row, record["response"])
                    files.add_record(record)

    def _prepare(self, card: DatasetCard, subject: str, row: Row) -> Any:
        if row.problem:
            raise SampleError("read", row.problem)
        return self.session.prepare(build_prompt(card, subject, row.values), card, subject)

    def _with_other_text(self, card: DatasetCard, subject: str, row: Row, tokenized: Any) -> Any:
        """What the teachers of c2c_shuffled read instead."""
        if row.other is None:
            raise SampleError("prompt", "c2c_shuffled needs another readable sample in the shard")
        other = build_prompt(card, subject, row.other.values)
        return self.session.with_other_text(tokenized, other, card, subject)

    def _warm_up_all(
        self, files: ShardFiles, where: dict, tokenized: Any, without: set[str]
    ) -> set[str]:
        """The first, cold request of each method, ahead of every other: kept apart, no record."""
        failed = set()
        for method in self.settings.methods:
            if method in self.cold_timings or method in without:
                continue
            try:
                with self.walls.book("warm_up"):
                    view = self.settings.length_views[0]
                    timed = self.session.time_request(method, view, tokenized)
            except Exception as error:
                failed.add(method)
                self._fail(files, where, method, error)
            else:
                self.cold_timings[method] = timed.timing
        return failed

    def _fail(self, files: ShardFiles, where: dict, method: str | None, error: Exception) -> None:
        self.last_error = {
            **where,
            "pair": self.settings.pair.name,
            "method": method,
            "stage": getattr(error, "stage", "prepare" if method is None else "request"),
            "error_type": type(error).__name__,
            "message": " ".join(str(error).split())[:500],
        }
        files.add_error(self.last_error)
        if "OutOfMemory" in type(error).__name__:
            self.session.release_memory()

    def _record(self, where: dict, method: str, turn: dict, tokenized: Any, timed: Timed) -> dict:
        answerer = self.session.pair.teachers[0] if method == "teacher" else self.session.pair.base
        record = build_record(
            identity={
                **where,
                "pair": self.settings.pair.name,
                "method": method,
                "runtime": RUNTIME,
                **turn,
            },
            texts=prompt_facts(method, tokenized, timed),
            response=answerer.tokenizer.decode(timed.answer.ids, skip_special_tokens=True),
            response_length=len(timed.answer.ids),
            model_config=self.session.model_config,
            timing=timed.timing,
            reading=timed.reading,
            residual_limit=self.settings.residual_limit,
        )
        self.num_flagged += record["residual_flag"]
        return record

    def _judge(self, card: DatasetCard, subject: str, row: Row, response: str) -> bool | None:
        """Whether the answer is right; None where made-up weights gave it, or no rule can tell."""
        if self.session.model_config["weights"] != "real":
            return None
        return is_correct(card, subject, row.values, response)


def prompt_facts(method: str, tokenized: Any, timed: Timed) -> dict[str, Any]:
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
