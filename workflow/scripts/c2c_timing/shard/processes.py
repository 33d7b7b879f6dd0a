"""One shard, timed by several fresh processes one after another: starting them, joining what they made.

How memory is laid out, what was imported in which order, where an allocator began: a process has them
for all its requests, and the next one has others. Each is a newly executed interpreter that loads
everything itself; a fork would share the address space whose effect is to be seen.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from ..errors import UserError
from ..interrupts import Interrupted, die_with
from ..meters.load import highest_load
from ..shard_names import processes_lock
from ..worker.place import WORKER_VARIABLE
from .files import ShardFiles
from .journal import json_line
from .line_file import LineFile
from .medians import Medians, say_outcome

# Tells such a process who started it.
PARENT_VARIABLE = "C2C_TIMING_PARENT"
# What tells processes apart in the run that is made of theirs.
OF_PROCESS = (
    *("process", "started_at", "finished_at", "counts", "looks", "cold_requests_by_runtime"),
    *("cold_requests_follow", "is_warm", "runtimes", "watch", "wall_seconds"),
)
OF_FAILURE = (
    *("id", "dataset", "subject", "pair", "method", "runtime", "stage", "error_type", "message"),
)

Run = dict[str, Any]


def is_one_of_several(process: int | None) -> bool:
    """Whether this command is one of several; from then on it ends with who started it."""
    if process and (parent := os.environ.get(PARENT_VARIABLE, "")).isdecimal():
        die_with(int(parent))
    return bool(process)


def time_in_processes(
    script: str, words: Sequence[str], outputs: Sequence[ShardFiles], processes: int
) -> tuple[int, list[Run | None]]:
    """Let a command time shards in several processes, and join what each of them made.

    Args:
        script: the command's file.
        words: its arguments.
        outputs: files of all shards that it times.

    Returns:
        The exit code, 0 or that of a process that failed; and what each shard's ``_run.json`` holds,
        None for a shard that has failed.

    Raises:
        UserError: another command times one of these shards, or a disk is full.
    """
    failed = 0
    with contextlib.ExitStack() as stack:
        locks = [stack.enter_context(_locked(files)) for files in outputs]
        for number in range(1, processes + 1):
            code = _run([sys.executable, script, *words, f"--process={number}"])
            failed = failed or code
            if code and (code > 1 or len(outputs) == 1):  # of several shards the others go on
                return code, [None] * len(outputs)
        runs = [join(files, processes) for files in outputs]
        for lock in locks:
            lock.remove()
    return failed, runs


def time_one_file(script: str, words: Sequence[str], output: Path, processes: int) -> int:
    """The same of a command that times into one file; its exit code, after saying what came of it.

    Raises:
        UserError: as ``time_in_processes``.
    """
    code, (run,) = time_in_processes(script, words, [ShardFiles.beside(output)], processes)
    if run:
        say_outcome(run, output)
    return code


@contextlib.contextmanager
def _locked(files: ShardFiles) -> Iterator[LineFile]:
    lock = LineFile(processes_lock(files.timing))
    try:
        yield lock
    finally:
        lock.close()


def _run(command: Sequence[str]) -> int:
    """The exit code of a process that gets the signals that this one gets, each once."""
    environment = {name: v for name, v in os.environ.items() if name != WORKER_VARIABLE}
    environment[PARENT_VARIABLE] = str(os.getpid())
    # In a group of its own: from a terminal a signal would reach it twice.
    with subprocess.Popen(command, env=environment, process_group=0) as child:
        try:
            code = child.wait()
        except Interrupted as signal:
            child.send_signal(signal.number)
            child.wait()
            raise
    return code if code >= 0 else 128 - code


def join(files: ShardFiles, processes: int) -> Run | None:
    """Make a shard's files of those of its processes, and remove these; None where some are missing.

    Raises:
        UserError: code, cards or rows changed between two processes, or the disk is full.
    """
    parts = [files.of_process(number) for number in range(1, processes + 1)]
    runs = [_read(part.run) for part in parts]
    if not all(runs):
        return None
    for part, run in zip(parts, runs, strict=True):
        if differs := sorted(
            name for name, value in _shared(run).items() if value != _shared(runs[0])[name]
        ):
            part.run.unlink()
            raise UserError(
                f"{files.timing}: {', '.join(differs)} changed between two processes; the same command "
                "times anew what has changed"
            )
    errors = list(_once(_lines(part.errors for part in parts)))
    medians, flagged = Medians(), 0
    for record in map(json.loads, _lines(part.timing for part in parts)):
        medians.add(record)
        flagged += record["residual_flag"]
    run = joined(runs)
    run["medians"] = medians.as_plain()
    run["counts"] |= {"errors": len(errors), "flagged": flagged}
    kept = f"what its {processes} processes timed is kept; the same command goes on from there"
    files.write(_lines(part.timing for part in parts), map(json_line, errors), run, kept)
    for part in parts:
        for path in (part.timing, part.errors, part.run, part.journal):
            path.unlink(missing_ok=True)
    return run


def joined(runs: Sequence[Run]) -> Run:
    """What ``_run.json`` holds of a shard, from what its processes wrote down, the first of them first."""
    first, last = runs[0], runs[-1]
    counts = {name: sum(run["counts"][name] for run in runs) for name in first["counts"]}
    busiest = max(runs, key=highest_load)["watch"]
    watch = busiest | {
        "readings": sum(run["watch"]["readings"] for run in runs),
        "throttled": any(run["watch"]["throttled"] for run in runs),
        "reasons": sorted({reason for run in runs for reason in run["watch"]["reasons"]}),
    }
    seconds = [run["wall_seconds"] for run in runs]
    return {
        **{name: value for name, value in first.items() if name != "process"},
        "finished_at": last["finished_at"],
        "attempts": [
            # ``process`` of an attempt is what the system numbered it.
            {**attempt, "of_process": run["process"]}
            for run in runs
            for attempt in run["attempts"]
        ],
        "counts": counts | {"samples": first["counts"]["samples"]},
        "looks": [{"process": run["process"], **look} for run in runs for look in run["looks"]],
        "watch": watch,
        "fingerprint": _shared(first),
        "wall_seconds": {
            name: sum(each.get(name) or 0 for each in seconds)
            for name in dict.fromkeys(itertools.chain.from_iterable(seconds))
        },
        "processes": [{name: run.get(name) for name in OF_PROCESS} for run in runs],
    }


def _shared(run: Run) -> dict[str, str]:
    return {topic: digest for topic, digest in run["fingerprint"].items() if topic != "process"}


def _once(lines: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    """Failed samples; what fails in every process is one failure."""
    seen: set[tuple] = set()
    for error in map(json.loads, lines):
        told = tuple(error.get(name) for name in OF_FAILURE)
        if told not in seen:
            seen.add(told)
            yield error


def _lines(paths: Iterable[Path]) -> Iterator[bytes]:
    for path in paths:
        with path.open("rb") as file:
            yield from file


def _read(path: Path) -> Run:
    """A run file; empty where there is none."""
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
