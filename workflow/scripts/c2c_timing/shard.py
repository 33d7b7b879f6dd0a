"""One shard from cards to records: read rows, time every sample, write three files."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from pathlib import Path

from .data.cards import DatasetCard
from .data.selection import select_rows, with_others
from .data.sources import Row, read_rows
from .errors import UserError
from .passport import nvml_handle, passport
from .progress import progress, say
from .sample_loop import SampleLoop
from .session import Session
from .settings import RunSettings
from .shard_files import ShardFiles
from .walls import WallTimes
from .watch import Watch


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
    watch = Watch(nvml_handle(session))
    loop = SampleLoop(settings, session, walls)
    samples = [(card, subject, row) for card, subject, rows in batches for row in with_others(rows)]
    with files:
        for card, subject, row in progress(samples, " ".join(identity.values())):
            watch.read()
            loop.time_row(card, subject, row, files)
        watch.read()
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
            "shapes": session.shapes,
            "cold_requests": loop.cold_timings,
            "wall_seconds": walls.as_plain(),
            **passport(session),
            "watch": watch.as_plain(),
            "threads": session.torch.get_num_threads(),
            "settings": settings.as_plain(),
        }
        files.finish(run)
    return run


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
