"""What a run leaves undone, and why: what failed, what was killed, what waits. Its last lines.

Listens to Snakemake's own events; where Snakemake itself is stopped there are none, and the shards'
logs tell which were begun.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..text_tables import aligned
from .shards import PlannedShard

# What SLURM did to a job: the cause, whatever its log says. FAILED is the job's own doing.
KILLED = {
    "TIMEOUT": "its time was up (raise resources.runtime_minutes)",
    "OUT_OF_MEMORY": "it needed more memory (raise resources.mem_mb)",
    "NODE_FAIL": "its node failed",
    "BOOT_FAIL": "its node did not start",
    "PREEMPTED": "another job took its place",
    "CANCELLED": "it was cancelled",
    "DEADLINE": "it missed its deadline",
}
REASON_WIDTH = 120
TAIL_BYTES = 20_000
MOST_NAMES = 5
# How a command begins its last line that a signal ended (``c2c_timing.exits``).
INTERRUPTED = "interrupted by "


@dataclass(frozen=True)
class Failure:
    """One job that did not make its files: its name, the reason in one line, the log to read."""

    name: str
    reason: str
    log: str


class FailedJobs(logging.Handler):
    """Keeps the last error event of each job; add it to Snakemake's logger.

    Events carry the same facts whatever ``--quiet`` leaves of the printed log.
    """

    def __init__(self, shards: Sequence[PlannedShard]) -> None:
        super().__init__(level=logging.ERROR)
        self._shard_names = {shard.timing_file: shard.name for shard in shards}
        self._last_errors: dict[int, Any] = {}
        self._shards, self._started = shards, time.time()

    def emit(self, record: logging.LogRecord) -> None:
        """Take note of ``JOB_ERROR`` events (snakemake-interface-logger-plugins)."""
        if getattr(record, "event", None) == "job_error":
            self._last_errors[getattr(record, "jobid", -1)] = record

    def failures(self) -> list[Failure]:
        """Jobs whose outputs are missing: one that succeeded when it was tried again has them."""
        return [
            self._failure(record)
            for record in self._last_errors.values()
            if not all(Path(path).exists() for path in record.output)
        ]

    def report(self) -> str:
        """The failures as a table, a line each, those that a signal ended apart; empty for none."""
        failures = self.failures()
        ended = [failure for failure in failures if failure.reason.startswith(INTERRUPTED)]
        failed = [failure for failure in failures if failure not in ended]
        parts = (
            _table(
                f"{_jobs(failed)} failed; the same call makes them again, and what waits for them:",
                failed,
            ),
            _table(
                f"{_jobs(ended)} interrupted; the same call goes on after the last finished sample:",
                ended,
            ),
        )
        return "\n".join(filter(None, parts))

    def unfinished_report(self) -> str:
        """Shards without records that did not fail: killed while they ran, or waiting; empty for none.

        A shard that this run began has written to its log since.
        """
        failed = {failure.name for failure in self.failures()}
        missing = [
            shard
            for shard in self._shards
            if shard.name not in failed and not Path(shard.timing_file).exists()
        ]
        begun = [shard for shard in missing if self._was_begun(shard)]
        waiting = [shard.name for shard in missing if shard not in begun]
        shards = "1 shard was" if len(begun) == 1 else f"{len(begun)} shards were"
        killed = _table(
            f"{shards} killed while running; the same call goes on after the last finished sample:",
            [Failure(shard.name, _end_of_killed(shard.log), shard.log) for shard in begun],
        )
        return "\n".join(part for part in (killed, _waiting(waiting)) if part)

    def _was_begun(self, shard: PlannedShard) -> bool:
        log = Path(shard.log)
        return log.exists() and log.stat().st_mtime >= self._started

    def _failure(self, record: Any) -> Failure:
        log = next(map(str, record.log), "")
        shards = [self._shard_names[path] for path in record.output if path in self._shard_names]
        name = shards[0] if shards else record.rule_name
        refused = _refusal(record.rule_msg or "")
        if refused:
            return Failure(name, refused, "")
        return Failure(name, _reason(record.rule_msg or "", log), _existing(log))


def _jobs(failures: Sequence[Failure]) -> str:
    return "1 job" if len(failures) == 1 else f"{len(failures)} jobs"


def _waiting(names: Sequence[str]) -> str:
    if not names:
        return ""
    some = ", ".join(names[:MOST_NAMES]) + (", …" if len(names) > MOST_NAMES else "")
    shards = (
        "1 shard waits, not begun" if len(names) == 1 else f"{len(names)} shards wait, not begun"
    )
    return f"{shards}: {some}"


def missing_report(shards: Sequence[PlannedShard]) -> str:
    """The shards without records as a table, each with what its log says; empty where all are there."""
    missing = [shard for shard in shards if not Path(shard.timing_file).exists()]
    rows = [
        Failure(shard.name, _last_words(shard.log) or "never begun", _existing(shard.log))
        for shard in missing
    ]
    return _table(f"{len(missing)} of {len(shards)} shards are missing:", rows)


def _table(title: str, failures: Sequence[Failure]) -> str:
    if not failures:
        return ""
    rows = [(failure.name, _short(failure.reason), failure.log) for failure in failures]
    return "\n".join([title, *(f"  {line}" for line in aligned(sorted(rows)))])


def _reason(message: str, log: str) -> str:
    state = re.search(r"SLURM status is: '(\w+)", message)
    if state and state[1] in KILLED:
        return f"{state[1]}: {KILLED[state[1]]}"
    return _last_words(log) or "it ended without a word in its log (killed?)"


def _refusal(message: str) -> str | None:
    """What sbatch said when it did not take the job: then a log is of an earlier run."""
    said = re.search(r"sbatch failed\. The error message was '(.*?)'", message, re.S)
    return f"not submitted: {said[1]}" if said else None


def _last_words(log: str) -> str | None:
    """The last ``error:`` line of a log, or else its last line; None where there is none."""
    lines = _tail(log)
    errors = [line.removeprefix("error:").strip() for line in lines if line.startswith("error:")]
    if errors:
        return errors[-1]
    if lines and lines[-1].startswith(INTERRUPTED):
        return lines[-1]
    return f"it ended without an error; its log's last line: {lines[-1]}" if lines else None


def _end_of_killed(log: str) -> str:
    lines = _tail(log)
    if lines and lines[-1].startswith(INTERRUPTED):
        return lines[-1]
    return f"killed; its log's last line: {lines[-1]}" if lines else "killed before its first word"


def _tail(log: str) -> list[str]:
    try:
        with Path(log).open("rb") as file:
            file.seek(max(0, file.seek(0, 2) - TAIL_BYTES))
            lines = file.read().decode("utf-8", "replace").splitlines()
    except OSError:
        return []
    return [line.strip() for line in lines if line.strip()]


def _existing(log: str) -> str:
    return log if Path(log).exists() else ""


def _short(reason: str) -> str:
    reason = " ".join(reason.split())
    return reason if len(reason) <= REASON_WIDTH else reason[: REASON_WIDTH - 1] + "…"
