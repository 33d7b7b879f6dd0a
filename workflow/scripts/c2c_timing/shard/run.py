"""One shard from cards to records: read rows, time every sample, write three files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..cards.dataset_card import DatasetCard
from ..data.selection import with_others
from ..data.sources import Row
from ..errors import UserError
from ..interrupts import Interrupted
from ..loaded import LoadedPair
from ..meters import nvml
from ..meters.load import busy_words
from ..meters.machine import MachineLog
from ..meters.one_stopwatch import alone_on
from ..meters.wall_times import WallTimes
from ..probes.audit.first_sample import audit_first
from ..progress import say
from ..scarcity import NO_MORE, fewer
from ..session import Session
from ..settings import RunSettings
from ..shard_names import Chunk, chunk_name
from .chunks import part_of
from .extras import NO_EXTRAS, Extras
from .files import ShardFiles
from .fingerprint import fingerprint
from .history import count, history, is_fault_of_rows
from .journal import Journal
from .passport import passport
from .rounds import time_rounds
from .sample_loop import SampleLoop
from .samples import card_of_rows, read_samples


def run_shard(
    card: DatasetCard,
    subject: str,
    session: Session,
    walls: WallTimes,
    folder: Path,
    extras: Extras = NO_EXTRAS,
    chunk: Chunk | None = None,
    process: int | None = None,
) -> dict:
    """Time one data set's subject and write its three files; return what ``_run.json`` holds.

    A chunk beyond the last row is finished at once, without records.

    Args:
        process: which of the settings' ``processes`` this one is; its files are its own, for
            ``processes.join`` to put together. None where there is no other.

    Raises:
        UserError: there is nothing to read, or every sample failed.
    """
    settings = session.settings
    card = card_of_rows(card, settings.source)
    with walls.book("loading"):
        rows = read_samples(card, subject, session)
    if not rows:
        raise UserError(f"{card.name}/{subject}: the source has no rows")
    # Ahead of the cut, so that a row's other one is the same in every chunk.
    part = part_of(with_others(rows), chunk, settings.num_samples)
    if settings.num_samples and len(rows) < settings.num_samples and process in (None, 1):
        left = "" if part else "; none is left for this chunk"
        name = chunk_name(f"{card.name}/{subject}", chunk)
        say(f"{name}: {fewer(settings.num_samples, len(rows))}: {NO_MORE}{left}")
    files = ShardFiles.of_shard(folder / settings.pair.name, card.name, subject, chunk)
    identity = {"pair": settings.pair.name, "dataset": card.name, "subject": subject}
    batches = [(card, subject, part)]
    return _time_into(files, batches, identity, session, walls, extras, chunk, process)


def time_batches(
    batches: Sequence[tuple[DatasetCard, str, list[Row]]],
    session: Session,
    walls: WallTimes,
    output: Path,
    process: int | None = None,
) -> dict:
    """Time rows of several subjects into one file; return what ``_run.json`` holds.

    Args:
        process: as of ``run_shard``.

    Raises:
        UserError: every sample failed.
    """
    files = ShardFiles.beside(output)
    identity = {"pair": session.settings.pair.name}
    whole = [(card, subject, with_others(rows)) for card, subject, rows in batches]
    return _time_into(files, whole, identity, session, walls, process=process)


def _time_into(
    files: ShardFiles,
    batches: Sequence[tuple[DatasetCard, str, list[Row]]],
    identity: dict[str, str],
    session: Session,
    walls: WallTimes,
    extras: Extras = NO_EXTRAS,
    chunk: Chunk | None = None,
    process: int | None = None,
) -> dict:
    samples = [(card, subject, row) for card, subject, rows in batches for row in rows]
    title = chunk_name("/".join(identity.values()), chunk)
    digests = fingerprint(batches, session)
    if process:
        files, title = files.of_process(process), process_title(title, process, session.settings)
        digests |= {"process": str(process)}
        if finished := files.finished(digests):
            say(f"{title}: is finished already")
            return finished
    built_before = _built(session)
    looks = session.settings.looks
    with Journal(files.journal, digests, title, len(samples), len(looks)) as journal:
        try:
            self_test = extras.clock_verdict and extras.clock_verdict.seen_from(session)
            watch = MachineLog(nvml.handle_of(session.pair.device))
            loop = SampleLoop(session, walls, journal.attempt, process or 1)
            with alone_on(session.pair.device, title):
                seen = time_rounds(samples, journal, loop, watch)
            counts, medians, last_error = count(journal)
            if not counts["records"] and not (chunk and is_fault_of_rows(journal)):
                raise UserError(
                    f"{title}: every sample failed; the last one in {last_error['stage']}: "
                    f"{last_error['message']} (all in {files.give_up(journal)})"
                )
            built = _built_since(built_before, session)
            run = {
                **identity,
                "chunk": str(chunk) if chunk else None,
                **history(journal),
                "process": process or 1,
                "counts": counts,
                "looks": seen,
                "medians": medians,
                "model_config": session.model_config,
                "shapes": shapes_of(session.loaded),
                **passport(session),
                "runtimes": built,
                "runtimes_held_bytes": dict(session.held_bytes),
                "is_warm": session.loaded.is_kept,
                "cold_requests_follow": _cold_requests_follow(session, built),
                "watch": watch.as_plain(),
                "threads": session.torch.get_num_threads(),
                "self_test": self_test,
                "settings": session.settings.as_plain(),
                "fingerprint": digests,
            }
            # Last, since a device that breaks here takes nothing of the above with it.
            run["audit"] = None
            if extras.audit and process in (None, 1):
                with alone_on(session.pair.device, f"{title}, audit"):
                    run["audit"] = audit_first(samples, session, walls)
            run["wall_seconds"] = walls.as_plain()
            files.publish(journal, run)
            if load := busy_words(run):
                say(f"{title}: other work ran beside it, {load}")
        except Interrupted as signal:
            raise Interrupted(signal.number, journal.kept()) from None
    return run


def process_title(title: str, process: int, settings: RunSettings) -> str:
    """A shard and which of its processes, for people."""
    return f"{title}, process {process} of {settings.processes}"


def _built(session: Session) -> dict[str, dict[str, float]]:
    return {name: dict(pair.builder.built) for name, pair in session.running.items()}


def _built_since(
    before: dict[str, dict[str, float]], session: Session
) -> dict[str, dict[str, float]]:
    """What every runtime built for this shard: moves, and seconds by what they were spent on."""
    return {
        name: {what: amount - before[name].get(what, 0) for what, amount in built.items()}
        for name, built in _built(session).items()
    }


def _cold_requests_follow(session: Session, built: dict[str, dict[str, float]]) -> dict[str, str]:
    """What each runtime's cold requests are the first after; ``built`` for this shard."""
    found = {}
    for name, pair in session.running.items():
        has_built = pair.builder.built and (built[name]["moves"] or not session.loaded.has_served)
        begun = "another shard" if session.loaded.has_served else "loading"
        found[name] = "building" if has_built else begun
    return found


def shapes_of(loaded: LoadedPair) -> dict[str, Any]:
    """What the pair's parts weigh, once for all its shards; after the last request."""
    from ..engine.shapes import describe_shapes

    loaded.shapes = loaded.shapes or describe_shapes(loaded.pair, loaded.running)
    return loaded.shapes
