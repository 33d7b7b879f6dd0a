"""One shard from cards to records: read rows, warm up every method, time every sample."""

from __future__ import annotations

import contextlib
import datetime
import time
from collections.abc import Iterator
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
            ("imports", "loading", "warm_up", "requests", "writing"), 0.0
        )
    )

    @contextlib.contextmanager
    def book(self, part: str) -> Iterator[None]:
        """Add the time of the block to a part."""
        started = time.perf_counter()
        yield
        self.seconds[part] += time.perf_counter() - started


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
    started_at = _now()
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
    shard = _Shard(card, subject, settings, session, walls)
    with ShardFiles(folder / settings.pair.name, card.name, subject) as files:
        for row in progress(rows, f"{settings.pair.name} {card.name}/{subject}"):
            shard.time_row(row, files)
        if not files.num_records:
            files.finish_errors()
            raise UserError(
                f"{card.name}/{subject}: every sample failed; the last one in "
                f"{shard.last_error['stage']}: {shard.last_error['message']} (all in {files.errors})"
            )
        run = {
            "pair": settings.pair.name,
            "dataset": card.name,
            "subject": subject,
            "started_at": started_at,
            "finished_at": _now(),
            "counts": {
                "samples": len(rows),
                "records": files.num_records,
                "errors": files.num_errors,
                "flagged": shard.num_flagged,
            },
            "model_config": session.model_config,
            "cold_requests": shard.cold_timings,
            "wall_seconds": {**walls.seconds, "total": sum(walls.seconds.values())},
            "versions": _versions(),
            "threads": session.torch.get_num_threads(),
            "settings": settings.as_plain(),
        }
        files.finish(run)
    return run


class _Shard:
    """The loop's body, with what it counts."""

    def __init__(
        self,
        card: DatasetCard,
        subject: str,
        settings: RunSettings,
        session: Session,
        walls: WallTimes,
    ) -> None:
        self.card, self.subject, self.settings = card, subject, settings
        self.session, self.walls = session, walls
        self.cold_timings: dict[str, dict] = {}
        self.num_flagged = 0
        self.last_error: dict = {}

    def time_row(self, row: Row, files: ShardFiles) -> None:
        """All methods of one sample; what goes wrong becomes an error line."""
        method = None
        try:
            tokenized = self._prepare(row)
            for method in self.settings.methods:
                if method not in self.cold_timings:
                    self._warm_up(method, tokenized)
                with self.walls.book("requests"):
                    answer, reading, timing = self.session.time_request(method, tokenized)
                with self.walls.book("writing"):
                    files.add_record(self._record(row, method, tokenized, answer, reading, timing))
        except Exception as error:  # whatever one sample does must not end the shard
            self.last_error = {
                "id": row.id,
                "dataset": self.card.name,
                "subject": self.subject,
                "pair": self.settings.pair.name,
                "method": method,
                "stage": getattr(error, "stage", "request"),
                "error_type": type(error).__name__,
                "message": " ".join(str(error).split())[:500],
            }
            files.add_error(self.last_error)
            if "OutOfMemory" in type(error).__name__ and self.session.pair.device.type == "cuda":
                self.session.torch.cuda.empty_cache()

    def _prepare(self, row: Row):
        if row.problem:
            raise SampleError("read", row.problem)
        prompt = build_prompt(self.card, self.subject, row.values)
        return self.session.prepare(prompt, self.card, self.subject, self.settings)

    def _warm_up(self, method: str, tokenized) -> None:
        """The first, cold request of a method: timed, kept apart, never a record."""
        with self.walls.book("warm_up"):
            _, _, self.cold_timings[method] = self.session.time_request(method, tokenized)

    def _record(self, row: Row, method: str, tokenized, answer, reading, timing) -> dict:
        model = self.session.pair.teachers[0] if method == "teacher" else self.session.pair.base
        ids = tokenized.request.teacher_ids if method == "teacher" else tokenized.request.base_ids
        record = build_record(
            identity={
                "id": row.id,
                "dataset": self.card.name,
                "subject": self.subject,
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
