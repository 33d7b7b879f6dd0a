"""How a process's own wall time splits, from loading to writing; not the measurement."""

from __future__ import annotations

import contextlib
import gc
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass
class WallTimes:
    """Seconds by part."""

    seconds: dict[str, float] = field(
        default_factory=lambda: dict.fromkeys(
            (
                "imports",
                "loading",
                "preparing",
                "building",
                "warm_up",
                "requests",
                "writing",
                "audit",
            ),
            0.0,
        )
    )
    started: float = field(default_factory=time.perf_counter)

    @contextlib.contextmanager
    def book(self, part: str) -> Iterator[None]:
        """Add the time of the block to a part."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[part] += time.perf_counter() - started

    @contextlib.contextmanager
    def importing(self) -> Iterator[None]:
        """Book imports, and spare them the search for cycles, a fifth of their time.

        What was imported stays, and no later search looks at it either: neither one between two
        requests, nor those at the end of Python (``exits``).
        """
        before, is_on = len(sys.modules), gc.isenabled()
        gc.disable()
        try:
            with self.book("imports"):
                yield
        finally:
            if len(sys.modules) > before:
                gc.freeze()
            if is_on:
                gc.enable()

    def as_plain(self) -> dict[str, float]:
        """The parts, and the whole by a clock of its own."""
        return {**self.seconds, "total": time.perf_counter() - self.started}
