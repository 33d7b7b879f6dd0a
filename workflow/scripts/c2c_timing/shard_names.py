"""What a shard's files are called and where a run keeps them: said here once.

A shard's other files follow from the file of its records, whatever that is called. Of what lies in a
folder of records nothing but records ends in ``.jsonl``, so that ``*.jsonl`` finds records alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

# Of a folder of results, those of the records and of failed samples.
TIMINGS = "timings"
# Of a command that a person calls: never among the shards of a run.
BY_HAND_FILES = "results/by_hand"
BY_HAND = f"{BY_HAND_FILES}/timings"

JOURNALS = "journal"
FAILED = "failed"
TIMING_END = "_timing.jsonl"
# How a chunk's name goes on after its subject's, which may have dots of its own.
CHUNK_END = r"\.[0-9]+-of-[0-9]+"


@dataclass(frozen=True)
class Chunk:
    """One of several shards that a subject is split into, counted from 1."""

    number: int
    of: int

    def __str__(self) -> str:
        return f"{self.number}-of-{self.of}"

    def span(self, number: int) -> tuple[int, int]:
        """Of so many samples the first that is this one's, and the first after it."""
        return (self.number - 1) * number // self.of, self.number * number // self.of


def chunk_name(subject: str, chunk: Chunk | None) -> str:
    """What stands for the subject in the names of a shard's files."""
    return f"{subject}.{chunk}" if chunk else subject


def split_chunk_name(name: str) -> tuple[str, Chunk | None]:
    """The subject and the chunk of such a name; no subject ends like a chunk."""
    found = re.fullmatch(rf"(.*)({CHUNK_END})", name, re.S)
    if not found:
        return name, None
    number, of = found[2].removeprefix(".").split("-of-")
    return found[1], Chunk(int(number), int(of))


def chunk_from(text: str) -> Chunk | None:
    """From how a chunk is written; None where it is empty."""
    return split_chunk_name(f".{text}")[1] if text else None


def timing_name(dataset: str, subject: str, chunk: Chunk | None = None) -> str:
    """The file of its records, in the folder of its pair."""
    return f"{dataset}_{chunk_name(subject, chunk)}{TIMING_END}"


def timing_file(
    timings: Path, pair: str, dataset: str, subject: str, chunk: Chunk | None = None
) -> Path:
    """The same in the folder of all pairs."""
    return timings / pair / timing_name(dataset, subject, chunk)


def errors_file(timing: Path) -> Path:
    """Its samples that failed.

    For ``timings/{pair}/`` they lie in ``failed/{pair}/``, for any other folder in its own ``failed/``.
    """
    folder = timing.parent
    if ".." in folder.parts or not folder.parent.name:  # a path from within the folder, or near it
        folder = folder.resolve()
    if folder.parent.name == TIMINGS:
        failed = folder.parent.with_name(FAILED) / folder.name
    else:
        failed = timing.parent / FAILED
    return failed / _errors_name(timing)


def errors_file_beside(timing: Path) -> Path:
    """Where earlier versions kept them."""
    return timing.with_name(_errors_name(timing))


def run_file(timing: Path) -> Path:
    """What its run wrote down: device, versions, counts."""
    return timing.with_name(f"{_stem(timing)}_run.json")


def journal_file(timing: Path) -> Path:
    """Finished samples of a run that goes on."""
    return timing.parent / JOURNALS / f"{_stem(timing)}.journal"


def process_file(timing: Path, process: int, what: str) -> Path:
    """Of one of several processes that time a shard: until all are there, no file of records."""
    return timing.parent / JOURNALS / f"{_stem(timing)}.process-{process}.{what}"


def processes_lock(timing: Path) -> Path:
    """Held by who lets several processes time a shard."""
    return timing.parent / JOURNALS / f"{_stem(timing)}.processes"


def _errors_name(timing: Path) -> str:
    return f"{_stem(timing)}_errors.jsonl"


def _stem(timing: Path) -> str:
    return timing.stem.removesuffix(Path(TIMING_END).stem)
