"""One shard from cards to records: read rows, warm up every method, time every sample."""

from __future__ import annotations

import contextlib
import datetime
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from .data.cards import DatasetCard
from .data.prompts import Prompt, build_prompt, truncate_middle
from .data.selection import select_rows
from .data.sources import Row, read_rows
from .errors import SampleError, UserError
from .progress import progress, say
from .record import build_record, timing_of
from .settings import RunSettings
from .shard_files import ShardFiles

RUNTIME = "eager"


@dataclass
class WallTimes:
    """How the process's own wall time splits, in seconds."""

    seconds: dict[str, float] = field(
        default_factory=lambda: dict.fromkeys(
            ("imports", "loading", "preparing", "warm_up", "requests", "writing"), 0.0
        )
    )
    started: float = field(default_factory=time.perf_counter)

    @contextlib.contextmanager
    def book(self, part: str) -> Iterator[None]:
        """Add the time of the block to a part."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[part] += time.perf_counter() - started

    def as_plain(self) -> dict[str, float]:
        """The parts, and the whole by a clock of its own."""
        return {**self.seconds, "total": time.perf_counter() - self.started}


class Session:
    """A loaded pair on its device, for any number of shards."""

    def __init__(self, settings: RunSettings, walls: WallTimes) -> None:
        with walls.book("imports"):
            import torch
            import transformers

            from .arms import ARMS
            from .engine import pair as pair_module
            from .engine import prompt_ids
        transformers.utils.logging.set_verbosity_error()
        transformers.utils.logging.disable_progress_bar()
        self.torch, self.arms, self.prompt_ids = torch, ARMS, prompt_ids
        with walls.book("loading"):
            device = pair_module.resolve_device(settings.device)
            if device.type == "cuda":
                torch.cuda.set_device(device)
                # cuDNN's attention builds a plan for every new cache length, tens of milliseconds
                # each, and keeps it: whichever arm meets a length first would pay for the others.
                torch.backends.cuda.enable_cudnn_sdp(False)
            self.pair = pair_module.load_pair(settings.pair, device, settings.dtype, settings.seed)
            self.model_config = pair_module.describe(settings.pair, settings.dtype, device)

    def prepare(self, prompt: Prompt, card: DatasetCard, subject: str, settings: RunSettings):
        """Truncate where the card says so, tokenize, and put the request on the device."""
        from .engine.decoding import Decoding

        max_new_tokens = settings.max_new_tokens or card.max_new_tokens_for(subject)
        decoding = Decoding(
            max_new_tokens,
            settings.ignore_eos,
            settings.temperature,
            settings.top_p,
            settings.top_k,
            settings.seed,
        )
        limit = settings.max_prompt_tokens
        if card.truncation:
            room = self.prompt_ids.room_for_prompt(self.pair, max_new_tokens)
            limit = min(card.truncation.max_tokens, room, limit or room)
            *history, last = prompt.messages
            text = truncate_middle(last["content"], self.pair.base.tokenizer, limit)
            prompt = replace(prompt, messages=[*history, {**last, "content": text}])
        tokenized = self.prompt_ids.tokenize_prompt(
            prompt.messages, prompt.chat, self.pair, settings.pair.alignment, decoding
        )
        length = tokenized.request.base_ids.shape[1]
        if limit and not card.truncation and length > limit:
            raise SampleError(
                "tokenize", f"prompt of {length} tokens; max_prompt_tokens is {limit}"
            )
        return tokenized

    def time_request(self, method: str, tokenized) -> tuple[Any, Any, dict]:
        """One timed request: the answer, the clock's reading, and the record's timing."""
        from .clock import clock_for

        request = tokenized.request
        max_marks = 8 * len(request.sections) * (1 + len(self.pair.teachers))
        clock = clock_for(self.pair.device.type, max_marks + request.decoding.max_new_tokens)
        with self.torch.inference_mode():
            answer = self.arms[method](self.pair, request, clock)
        reading = clock.read()
        timing = timing_of(reading, answer.projector_calls, tokenized.tokenize_ms)
        return answer, reading, timing


def run_shard(
    card: DatasetCard,
    subject: str,
    settings: RunSettings,
    session: Session,
    walls: WallTimes,
    folder: Path,
) -> dict:
    """Time one data set's subject and write its three files; return what ``_run.json`` holds.

    Raises:
        UserError: there is nothing to read, or every sample failed.
    """
    with walls.book("loading"):
        rows = select_rows(
            read_rows(card, subject, settings.source),
            settings.num_samples,
            settings.selection,
            settings.seed,
        )
    if not rows:
        raise UserError(f"{card.name}/{subject}: the source has no rows")
    if settings.num_samples and len(rows) < settings.num_samples:
        say(f"{card.name}/{subject}: the source has {len(rows)} of {settings.num_samples} samples")
    files = ShardFiles.of_shard(folder / settings.pair.name, card.name, subject)
    identity = {"pair": settings.pair.name, "dataset": card.name, "subject": subject}
    return _time_into(files, [(card, subject, rows)], identity, settings, session, walls)


def time_batches(
    batches: Sequence[tuple[DatasetCard, str, list[Row]]],
    settings: RunSettings,
    session: Session,
    walls: WallTimes,
    output: Path,
) -> dict[str, int]:
    """Time rows of several subjects into one file; return the counts.

    Raises:
        UserError: every sample failed.
    """
    files = ShardFiles.beside(output)
    identity = {"pair": settings.pair.name}
    return _time_into(files, batches, identity, settings, session, walls)["counts"]


def _time_into(
    files: ShardFiles,
    batches: Sequence[tuple[DatasetCard, str, list[Row]]],
    identity: dict[str, str],
    settings: RunSettings,
    session: Session,
    walls: WallTimes,
) -> dict:
    started_at = _now()
    loop = _SampleLoop(settings, session, walls)
    samples = [(card, subject, row) for card, subject, rows in batches for row in rows]
    with files:
        for card, subject, row in progress(samples, " ".join(identity.values())):
            loop.time_row(card, subject, row, files)
        if not files.num_records:
            raise UserError(
                f"{'/'.join(identity.values())}: every sample failed; the last one in "
                f"{loop.last_error['stage']}: {loop.last_error['message']} (all in {files.give_up()})"
            )
        run = {
            **identity,
            "started_at": started_at,
            "finished_at": _now(),
            "counts": {
                "samples": len(samples),
                "records": files.num_records,
                "errors": files.num_errors,
                "flagged": loop.num_flagged,
            },
            "model_config": session.model_config,
            "cold_requests": loop.cold_timings,
            "wall_seconds": walls.as_plain(),
            "versions": _versions(),
            "threads": session.torch.get_num_threads(),
            "settings": settings.as_plain(),
        }
        files.finish(run)
    return run


class _SampleLoop:
    """The loop's body, with what it counts."""

    def __init__(self, settings: RunSettings, session: Session, walls: WallTimes) -> None:
        self.settings, self.session, self.walls = settings, session, walls
        self.cold_timings: dict[str, dict] = {}
        self.num_flagged = 0
        self.last_error: dict = {}

    def time_row(self, card: DatasetCard, subject: str, row: Row, files: ShardFiles) -> None:
        """All methods of one sample; what goes wrong in one leaves the others alone."""
        where = {"id": row.id, "dataset": card.name, "subject": subject}
        try:
            with self.walls.book("preparing"):
                tokenized = self._prepare(card, subject, row)
        except Exception as error:  # whatever one sample does must not end the shard
            self._fail(files, where, None, error)
            return
        for method in self.settings.methods:
            try:
                if method not in self.cold_timings:
                    self._warm_up(method, tokenized)
                with self.walls.book("requests"):
                    answer, reading, timing = self.session.time_request(method, tokenized)
            except Exception as error:
                self._fail(files, where, method, error)
                continue
            with self.walls.book("writing"):
                record = self._record(where, method, tokenized, answer, reading, timing)
                files.add_record(record)

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
        if "OutOfMemory" in type(error).__name__ and self.session.pair.device.type == "cuda":
            self.session.torch.cuda.empty_cache()

    def _prepare(self, card: DatasetCard, subject: str, row: Row):
        if row.problem:
            raise SampleError("read", row.problem)
        prompt = build_prompt(card, subject, row.values)
        return self.session.prepare(prompt, card, subject, self.settings)

    def _warm_up(self, method: str, tokenized) -> None:
        """The first, cold request of a method: timed, kept apart, never a record."""
        with self.walls.book("warm_up"):
            _, _, self.cold_timings[method] = self.session.time_request(method, tokenized)

    def _record(self, where: dict, method: str, tokenized, answer, reading, timing) -> dict:
        model = self.session.pair.teachers[0] if method == "teacher" else self.session.pair.base
        ids = tokenized.request.teacher_ids if method == "teacher" else tokenized.request.base_ids
        record = build_record(
            identity={
                **where,
                "pair": self.settings.pair.name,
                "method": method,
                "runtime": RUNTIME,
            },
            model_config=self.session.model_config,
            prompt=tokenized.text,
            response=model.tokenizer.decode(answer.ids, skip_special_tokens=True),
            prompt_length=ids.shape[1],
            ids=answer.ids,
            timing=timing,
            reading=reading,
            residual_limit=self.settings.residual_limit,
        )
        self.num_flagged += record["residual_flag"]
        return record


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


def _versions() -> dict[str, str]:
    import platform
    from importlib.metadata import version

    return {"python": platform.python_version()} | {
        name: version(name) for name in ("torch", "transformers", "tokenizers")
    }
