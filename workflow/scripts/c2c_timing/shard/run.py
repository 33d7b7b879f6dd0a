"""One shard from cards to records: read rows, time every sample, write three files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
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
from ..progress import progress, say
from ..scarcity import NO_MORE, fewer
from ..session import Session
from ..shard_names import Chunk, chunk_name
from .chunks import part_of
from .clock_verdict import ClockVerdict
from .files import ShardFiles
from .fingerprint import fingerprint
from .journal import Journal, now
from .medians import Medians
from .passport import passport
from .sample_loop import SampleLoop
from .samples import card_of_rows, read_samples


@dataclass(frozen=True)
class Extras:
    """What ``_run.json`` may say besides; no record depends on it.

    Attributes:
        clock_verdict: the self-test that the shard waited for.
        audit: also find out what one sample's requests do to the machine.
    """

    clock_verdict: ClockVerdict | None = None
    audit: bool = False


NO_EXTRAS = Extras()
# Where a sample fails that no attempt can time.
STAGES_OF_ROWS = {"read", "prompt", "tokenize"}


def run_shard(
    card: DatasetCard,
    subject: str,
    session: Session,
    walls: WallTimes,
    folder: Path,
    extras: Extras = NO_EXTRAS,
    chunk: Chunk | None = None,
) -> dict:
    """Time one data set's subject and write its three files; return what ``_run.json`` holds.

    A chunk beyond the last row is finished at once, without records.

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
    if settings.num_samples and len(rows) < settings.num_samples:
        left = "" if part else "; none is left for this chunk"
        name = chunk_name(f"{card.name}/{subject}", chunk)
        say(f"{name}: {fewer(settings.num_samples, len(rows))}: {NO_MORE}{left}")
    files = ShardFiles.of_shard(folder / settings.pair.name, card.name, subject, chunk)
    identity = {"pair": settings.pair.name, "dataset": card.name, "subject": subject}
    return _time_into(files, [(card, subject, part)], identity, session, walls, extras, chunk)


def time_batches(
    batches: Sequence[tuple[DatasetCard, str, list[Row]]],
    session: Session,
    walls: WallTimes,
    output: Path,
) -> dict:
    """Time rows of several subjects into one file; return what ``_run.json`` holds.

    Raises:
        UserError: every sample failed.
    """
    files = ShardFiles.beside(output)
    identity = {"pair": session.settings.pair.name}
    whole = [(card, subject, with_others(rows)) for card, subject, rows in batches]
    return _time_into(files, whole, identity, session, walls)


def _time_into(
    files: ShardFiles,
    batches: Sequence[tuple[DatasetCard, str, list[Row]]],
    identity: dict[str, str],
    session: Session,
    walls: WallTimes,
    extras: Extras = NO_EXTRAS,
    chunk: Chunk | None = None,
) -> dict:
    samples = [(card, subject, row) for card, subject, rows in batches for row in rows]
    title = chunk_name("/".join(identity.values()), chunk)
    digests = fingerprint(batches, session)
    built_before = _built(session)
    with Journal(files.journal, digests, title, len(samples)) as journal:
        try:
            self_test = extras.clock_verdict and extras.clock_verdict.seen_from(session)
            watch = MachineLog(nvml.handle_of(session.pair.device))
            loop = SampleLoop(session, walls, journal.attempt)
            with alone_on(session.pair.device, title):
                _time_unfinished(samples, journal, loop, watch)
            counts, medians, last_error = _count(journal)
            if not counts["records"] and not (chunk and _is_fault_of_rows(journal)):
                raise UserError(
                    f"{title}: every sample failed; the last one in {last_error['stage']}: "
                    f"{last_error['message']} (all in {files.give_up(journal)})"
                )
            built = _built_since(built_before, session)
            run = {
                **identity,
                "chunk": str(chunk) if chunk else None,
                **_history(journal),
                "counts": counts,
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
            if extras.audit:
                with alone_on(session.pair.device, f"{title}, audit"):
                    run["audit"] = audit_first(samples, session, walls)
            run["wall_seconds"] = walls.as_plain()
            files.publish(journal, run)
            if load := busy_words(run):
                say(f"{title}: other work ran beside it, {load}")
        except Interrupted as signal:
            raise Interrupted(signal.number, journal.kept()) from None
    return run


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


def _time_unfinished(
    samples: Sequence[tuple[DatasetCard, str, Row]],
    journal: Journal,
    loop: SampleLoop,
    watch: MachineLog,
) -> None:
    finished = journal.finished
    todo = [(place, *s) for place, s in enumerate(samples) if place not in finished]
    for place, card, subject, row in progress(todo, journal.title, done=len(finished)):
        watch.read()
        result = loop.time_row(card, subject, row)
        with loop.walls.book("writing"):
            journal.add(place, result)
        if result.device_failure:
            raise UserError(f"the device failed ({result.device_failure}); {journal.kept()}")
    watch.read()


def _count(journal: Journal) -> tuple[dict[str, int], list[dict[str, Any]], dict]:
    """The run's counts, its medians, and the last error of all."""
    records = errors = flagged = 0
    last_error: dict = {}
    medians = Medians()
    for sample in journal.samples():
        records += len(sample["records"])
        errors += len(sample["errors"])
        flagged += sum(record["residual_flag"] for record in sample["records"])
        for record in sample["records"]:
            medians.add(record)
        last_error = sample["errors"][-1] if sample["errors"] else last_error
    counts = {
        "samples": journal.num_samples,
        "taken_over": journal.num_taken_over,
        "records": records,
        "errors": errors,
        "flagged": flagged,
    }
    return counts, medians.as_plain(), last_error


def _is_fault_of_rows(journal: Journal) -> bool:
    """Whether nothing went wrong but in rows themselves: other chunks of the subject may have better."""
    errors = (error for sample in journal.samples() for error in sample["errors"])
    return all(error["stage"] in STAGES_OF_ROWS for error in errors)


def _history(journal: Journal) -> dict:
    """When the shard was begun and finished, and its attempts."""
    attempts = journal.attempts()
    cold = _first_cold_requests(attempts)
    return {
        "started_at": attempts[0]["started_at"],
        "finished_at": now(),
        "cold_requests": _first(cold),
        "cold_requests_by_runtime": cold,
        "attempts": [
            {**each, "cold_requests": _first(each["cold_requests_by_runtime"])} for each in attempts
        ],
    }


def _first(by_runtime: dict[str, dict[str, dict]]) -> dict[str, dict]:
    """Of the run's first runtime."""
    return next(iter(by_runtime.values()), {})


def _first_cold_requests(attempts: Sequence[dict]) -> dict[str, dict[str, dict]]:
    """Of each runtime and method; those of every attempt stand with it."""
    cold: dict[str, dict[str, dict]] = {}
    for attempt in reversed(attempts):
        for runtime, timings in attempt["cold_requests_by_runtime"].items():
            cold[runtime] = cold.get(runtime, {}) | timings
    return cold
