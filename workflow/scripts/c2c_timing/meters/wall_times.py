"""How a process's own wall time splits, from loading to writing; not the measurement."""

from __future__ import annotations

import contextlib
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

    def as_plain(self) -> dict[str, float]:
        """The parts, and the whole by a clock of its own."""
        return {**self.seconds, "total": time.perf_counter() - self.started}
