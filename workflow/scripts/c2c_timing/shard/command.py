"""The timing command: flags, a plan that is checked before anything is loaded, and the shards."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..cards.dataset_card import DatasetCard, available_datasets, load_dataset_card
from ..cards.subject_names import EVERY_SUBJECT
from ..cli import (
    SOURCES,
    add_decoding_arguments,
    add_pair_arguments,
    add_precision_arguments,
    add_source_arguments,
    chunk,
    settings_from,
)
from ..data.sources import SourceSpec
from ..data.synthetic import check_lengths
from ..errors import UserError
from ..exits import exits_cleanly
from ..flags import Formatter
from ..listing import add_list_argument
from ..places import user_path
from ..progress import say
from ..scarcity import NO_MORE, fewer
from ..settings import RunSettings
from ..shard_names import BY_HAND, Chunk, chunk_name
from ..worker.client import add_worker_argument
from .clock_verdict import read_clock_verdict
from .extras import Extras
from .medians import median_lines

if TYPE_CHECKING:
    from ..loaded import LoadedPair
    from ..meters.wall_times import WallTimes


def parser(description: str | None, examples: str) -> argparse.ArgumentParser:
    """The command's flags."""
    flags = argparse.ArgumentParser(
        description=description, epilog=examples, formatter_class=Formatter
    )
    add_list_argument(flags)
    flags.add_argument("--dataset", required=True, help=", ".join(available_datasets()))
    subjects = flags.add_mutually_exclusive_group()
    subjects.add_argument(
        "--subject",
        action="append",
        help="a subject or a group; may be repeated (default: every subject)",
    )
    subjects.add_argument("--all_subjects", action="store_true", help="the same as no --subject")
    flags.add_argument(
        "--chunk",
        type=chunk,
        metavar="I/N",
        help="only the I-th of N equal parts of each subject's samples, into files of its own "
        "(default: all)",
    )
    flags.add_argument(
        "--output_dir",
        type=user_path,
        default=Path(BY_HAND),
        help="folder of PAIR/DATASET_SUBJECT_timing.jsonl: OUTPUT_DIR/*/*.jsonl are the records",
    )
    flags.add_argument(
        "--residual_limit",
        type=float,
        default=0.02,
        help="share of the wall time that may be in no stage before a record is flagged",
    )
    flags.add_argument(
        "--self_test",
        type=user_path,
        help="file of a self-test (self_test.py): time nothing where the clock failed",
    )
    flags.add_argument(
        "--audit",
        action="store_true",
        help="launches, waits, copies, memory and energy of one sample, into _run.json",
    )
    add_worker_argument(flags)
    add_source_arguments(flags, source="builtin", kinds=SOURCES)
    add_pair_arguments(flags)
    add_decoding_arguments(flags)
    add_precision_arguments(flags)
    return flags


@dataclass(frozen=True)
class Plan:
    """What a command was asked for, checked."""

    card: DatasetCard
    subjects: list[str]
    settings: RunSettings
    output_dir: Path
    extras: Extras
    chunk: Chunk | None
    process: int | None


def plan(arguments: argparse.Namespace) -> Plan:
    """Check all that can be checked before anything is loaded.

    Raises:
        UserError: it cannot be done.
    """
    card = load_dataset_card(arguments.dataset)
    subjects = card.expand_subjects(arguments.subject or EVERY_SUBJECT)
    lengths = arguments.prompt_tokens and tuple(dict.fromkeys(arguments.prompt_tokens))
    source = SourceSpec(
        arguments.source, arguments.data_path, arguments.revision, prompt_tokens=lengths
    )
    check_lengths({card.name: subjects}, source, arguments.num_samples)
    settings = settings_from(arguments, source)
    clock_verdict = read_clock_verdict(arguments.self_test) if arguments.self_test else None

    from ..data.sources.local import check_subjects
    from .files import ShardFiles

    check_subjects(card, subjects, source)
    folder, chunk = arguments.output_dir / settings.pair.name, arguments.chunk
    if (
        len(subjects) == 1 and not arguments.process
    ):  # or this one would wait until the device is free, and time it again
        ShardFiles.of_shard(folder, card.name, subjects[0], chunk).refuse_if_taken()
    extras = Extras(clock_verdict, arguments.audit)
    process = arguments.process
    return Plan(card, subjects, settings, arguments.output_dir, extras, chunk, process)


@exits_cleanly
def time_in_fresh_processes(plan: Plan, script: str, words: list[str]) -> int:
    """Time every shard in as many processes as the plan says, none of which is this one."""
    from .files import ShardFiles
    from .processes import time_in_processes

    folder, card, chunk = plan.output_dir / plan.settings.pair.name, plan.card, plan.chunk
    outputs = [ShardFiles.of_shard(folder, card.name, name, chunk) for name in plan.subjects]
    code, runs = time_in_processes(script, words, outputs, plan.settings.processes)
    medians: list[dict] = []
    for subject, run in zip(plan.subjects, runs, strict=True):
        if run:
            medians += run["medians"]
            _say_counts(plan, subject, run)
    for line in median_lines(medians):
        say(line)
    return code


@exits_cleanly
def time_shards(plan: Plan, loaded: LoadedPair, walls: WallTimes) -> int:
    """Time one shard a subject with a loaded pair."""
    from ..meters.wall_times import WallTimes
    from ..session import Session
    from .run import run_shard

    session = Session(plan.settings, walls, loaded)
    failed = []
    medians: list[dict] = []
    got: list[int] = []
    for subject in plan.subjects:
        try:
            run = run_shard(
                plan.card, subject, session, walls, plan.output_dir, plan.extras, plan.chunk,
                plan.process,
            )  # fmt: skip
        except UserError as error:
            if len(plan.subjects) == 1:
                raise
            failed.append(subject)
            say(f"failed: {error}")
        else:
            medians += run["medians"]
            got.append(run["counts"]["samples"])
            _say_counts(plan, subject, run)
        loaded.has_served = True
        walls = WallTimes()
    # Of several processes, the first tells what there is, and who started them what they took.
    for line in _scarcity(plan, got) if plan.process in (None, 1) else ():
        say(line)
    for line in () if plan.process else median_lines(medians):
        say(line)
    if failed:
        raise UserError(f"{len(failed)} of {len(plan.subjects)} shards failed: {', '.join(failed)}")
    return 0


def _say_counts(plan: Plan, subject: str, run: dict) -> None:
    counts, name = run["counts"], chunk_name(subject, plan.chunk)
    of = f", process {plan.process} of {plan.settings.processes}" if plan.process else ""
    say(
        f"{plan.card.name}/{name}{of}: {counts['records']} records, {counts['errors']} errors, "
        f"{counts['flagged']} flagged"
    )


def _scarcity(plan: Plan, got: list[int]) -> list[str]:
    """One line for all subjects that have fewer samples than they were asked for."""
    wanted = plan.settings.num_samples
    short = [number for number in got if number < (wanted or 0)]
    if wanted is None or plan.chunk or len(got) < 2 or not short:  # of one subject it was said
        return []
    found = " to ".join(map(str, sorted({min(short), max(short)})))
    each = f" of each of {len(plan.subjects)} subjects"
    return [f"{fewer(wanted, f'{found} for {len(short)} of them', each)}: {NO_MORE}"]
