"""What a run took beside what its requests took: the cost of everything around them."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from pathlib import Path

# Parts of a shard's wall time that are its work.
WORK = ("requests", "warm_up")


class RunCost:
    """A run's own time, from when this is made."""

    def __init__(self) -> None:
        self._began = time.time()

    def shards_line(self, shards: Iterable[Path]) -> str:
        """How many shards are there, and how many of them this run timed.

        Args:
            shards: files of records of all shards.
        """
        shards = list(shards)
        there = sum(path.is_file() for path in shards)
        timed = sum(map(self._is_new, shards))
        return f"shards: {there} of {len(shards)} are there, {timed or 'none'} timed by this run"

    def lines(self, runs: Iterable[Path]) -> list[str]:
        """One line, of the shards that were timed since; none where there was no such shard.

        Args:
            runs: ``_run.json`` of all shards.
        """
        seconds = [_work_seconds(path) for path in runs if self._is_new(path)]
        work = sum(seconds)
        if not work:
            return []
        whole = time.time() - self._began
        shards = f"{len(seconds)} shard" + "s" * (len(seconds) > 1)
        return [
            f"time: {_spoken(whole)} for {shards}: {whole / work:.2f} times the {_spoken(work)} of "
            "their requests and warm-ups"
        ]

    def _is_new(self, path: Path) -> bool:
        return path.is_file() and path.stat().st_mtime >= self._began


def _work_seconds(path: Path) -> float:
    try:
        walls = json.loads(path.read_text(encoding="utf-8"))["wall_seconds"]
        return float(sum(walls[part] for part in WORK))
    except (OSError, ValueError, KeyError, TypeError):  # not ours to judge: the merge says so
        return 0.0


def _spoken(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds // 60:.0f} min {seconds % 60:.0f} s"
