"""What a shard's files are called and where a run keeps them: said here once.

A shard's other files follow from the file of its records, whatever that is called.
"""

from __future__ import annotations

from pathlib import Path

# Of a run of the pipeline, relative to the working directory.
TIMINGS = "results/timings"
LOGS = "results/logs/time_shard"
BENCHMARKS = "results/benchmarks/time_shard"

JOURNALS = "journal"
_TIMING = "_timing"


def timing_name(dataset: str, subject: str) -> str:
    """The file of its records, in the folder of its pair."""
    return f"{dataset}_{subject}{_TIMING}.jsonl"


def timing_file(timings: Path, pair: str, dataset: str, subject: str) -> Path:
    """The same in the folder of all pairs."""
    return timings / pair / timing_name(dataset, subject)


def errors_file(timing: Path) -> Path:
    """Its samples that failed."""
    return timing.with_name(f"{_stem(timing)}_errors.jsonl")


def run_file(timing: Path) -> Path:
    """What its run wrote down: device, versions, counts."""
    return timing.with_name(f"{_stem(timing)}_run.json")


def journal_file(timing: Path) -> Path:
    """Finished samples of a run that goes on."""
    return timing.parent / JOURNALS / f"{_stem(timing)}.jsonl"


def _stem(timing: Path) -> str:
    return timing.stem.removesuffix(_TIMING)
