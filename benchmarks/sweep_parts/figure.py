"""One number of the sweep's cost, and how a command's cost is measured."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import psutil


@dataclass(frozen=True)
class Figure:
    """A number with what it is of.

    Attributes:
        part: of the benchmark; name: what was measured; size: of what, such as ``10000 shards``.
    """

    part: str
    name: str
    size: str
    value: float
    unit: str

    COLUMNS: ClassVar = ("part", "name", "size", "value", "unit")

    def __str__(self) -> str:
        return f"{self.part}: {self.name}, {self.size}: {self.value:.4g} {self.unit}"

    @property
    def row(self) -> tuple[str, str, str, str, str]:
        """Of the table."""
        return self.part, self.name, self.size, f"{self.value:.6g}", self.unit


@dataclass(frozen=True)
class Cost:
    """What a command took: wall time, processor time, and the most memory of all its processes.

    What processes share counts once; files that are mapped count, too.
    """

    seconds: float
    cpu_seconds: float
    peak_mb: float
    output: str

    def figures(self, part: str, name: str, size: str) -> list[Figure]:
        """Three numbers."""
        return [
            Figure(part, name, size, self.seconds, "s"),
            Figure(part, f"{name}, processor time", size, self.cpu_seconds, "s"),
            Figure(part, f"{name}, most memory", size, self.peak_mb, "MB"),
        ]


def cost_of(command: Sequence[str | Path], folder: Path) -> Cost:
    """Run a command to its end.

    Raises:
        RuntimeError: it failed; with the last line that it said.
    """
    begun = time.perf_counter()
    process = subprocess.Popen(
        [str(word) for word in command], cwd=folder, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    watch = _Watch(process.pid)
    watch.start()
    output, _ = process.communicate()
    seconds = time.perf_counter() - begun
    watch.join()
    if process.returncode:
        last = output.strip().splitlines()[-1:] or ["without a word"]
        raise RuntimeError(f"{Path(str(command[1])).name} failed: {last[0]}")
    return Cost(seconds, watch.cpu_seconds, watch.peak_bytes / 1e6, output)


class _Watch(threading.Thread):
    """Looks at a process and those that it started, ten times a second, until it ends."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._process = psutil.Process(pid)
        self._cpu: dict[int, float] = {}
        self.peak_bytes = 0

    @property
    def cpu_seconds(self) -> float:
        """Of all processes, as far as it was seen."""
        return sum(self._cpu.values())

    def run(self) -> None:
        """Until the process ends."""
        while self._look():
            time.sleep(0.1)

    def _look(self) -> bool:
        try:
            family = [self._process, *self._process.children(recursive=True)]
            if self._process.status() == psutil.STATUS_ZOMBIE:
                return False
        except psutil.NoSuchProcess:
            return False
        held = 0
        for process in family:
            try:
                held += process.memory_full_info().pss
                times = process.cpu_times()
                self._cpu[process.pid] = times.user + times.system
            except psutil.Error:
                continue
        self.peak_bytes = max(self.peak_bytes, held)
        return True
