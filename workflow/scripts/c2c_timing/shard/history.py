"""What a journal tells of a shard as a whole: counts, medians, attempts, cold requests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .journal import Journal, now
from .medians import Medians

# Where a sample fails that no attempt can time.
STAGES_OF_ROWS = {"read", "prompt", "tokenize"}


def count(journal: Journal) -> tuple[dict[str, int], list[dict[str, Any]], dict]:
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


def is_fault_of_rows(journal: Journal) -> bool:
    """Whether nothing went wrong but in rows themselves: other chunks of the subject may have better."""
    errors = (error for sample in journal.samples() for error in sample["errors"])
    return all(error["stage"] in STAGES_OF_ROWS for error in errors)


def history(journal: Journal) -> dict:
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
