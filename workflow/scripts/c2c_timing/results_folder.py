"""What lies where in a run's folder of results: said here once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .shard_names import TIMINGS


@dataclass(frozen=True)
class ResultsFolder:
    """All that one config's run writes.

    Attributes:
        path: relative to the working directory, or in full; its paths are so, too.
    """

    path: str

    def __str__(self) -> str:
        return self.path

    def file(self, name: str) -> str:
        """A file, or a folder, of this name in it."""
        return f"{self.path}/{name}"

    @property
    def timings(self) -> str:
        """Records, in a folder for each pair; what failed, logs and benchmarks lie beside it."""
        return self.file(TIMINGS)

    @property
    def self_test(self) -> str:
        """What the clock's test wrote down."""
        return self.file("self_test.json")

    @property
    def planned_manifest(self) -> Path:
        """The run's shards, as it began."""
        return Path(self.file(".plan/shards.tsv"))

    @property
    def worker(self) -> Path:
        """Where the timing command and its worker meet."""
        return Path(self.file(".worker"))

    @property
    def compiled(self) -> Path:
        """What is compiled once is read from here by every later process."""
        return Path(self.file("compiled"))


USUAL = ResultsFolder("results")
