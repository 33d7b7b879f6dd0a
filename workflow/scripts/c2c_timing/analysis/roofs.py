"""What a device can do at best, read from ``device.json``, and how long work then takes at least."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..cards.schemas import explained, first_problem
from ..errors import UserError
from ..runtime_table import CALLS, GRAPH, RUNTIMES
from .operations import Work

SCHEMA = "device.schema.yaml"
BOUNDS = ("memory", "compute", "launch", "latency")


@dataclass(frozen=True)
class Roofs:
    """Measured limits of one device.

    Attributes:
        device, threads: as records have them in ``model_config``.
        copies: (bytes touched, bytes moved a second), the smallest buffers first.
        flops_per_second: dtype to rate.
        launch_seconds: of one operator in a long queue.
        graph_node_seconds: of one kernel in a chain of a CUDA graph; None where it is unknown.
    """

    device: str
    threads: int
    copies: tuple[tuple[float, float], ...]
    flops_per_second: Mapping[str, float]
    launch_seconds: float
    graph_node_seconds: float | None = None

    @property
    def memory_bytes_per_second(self) -> float:
        """Of copies that no cache holds."""
        return self.copies[-1][1]

    def bytes_per_second(self, touched: float) -> float:
        """The fastest copy among all that touch about so many bytes or more.

        Weights that fit a cache may stay there from pass to pass: measured against the memory's
        bandwidth such a pass could be faster than its own floor.
        """
        smaller = [size for size, _ in self.copies if size <= touched]
        start = max(smaller, default=self.copies[0][0])
        return max(rate for size, rate in self.copies if size >= start)

    def floors_ms(self, work: Work, dtype: str, runtime: str) -> dict[str, float | None]:
        """The least time by each bound; None, or not a number, where a bound is unknown.

        Operators are counted as they are called, so that they bound runtimes that call them:
        others put many operators into one launch. What waits for one another bounds every runtime.
        """
        row = RUNTIMES.get(runtime)
        launches = row.launches if row else ""
        kernel = {CALLS: self.launch_seconds, GRAPH: self.graph_node_seconds}.get(launches)
        rate = self.flops_per_second.get(dtype)
        passes = max(work.passes, 1)
        return {
            "memory": work.bytes / self.bytes_per_second(work.bytes / passes) * 1e3,
            "compute": work.flops / rate * 1e3 if rate else None,
            "launch": work.operators * self.launch_seconds * 1e3 if launches == CALLS else None,
            "latency": work.chain * kernel * 1e3 if kernel else None,
        }

    def fits(self, record: Mapping[str, Any]) -> bool:
        """Whether a record is of this device; on a CPU, of as many threads too."""
        if record["model_config.device"] != self.device:
            return False
        threads: Any = record.get("model_config.threads")
        is_told = threads is not None and threads == threads  # not NaN
        return self.device != "cpu" or not is_told or int(threads) == self.threads


def read_roofs(path: Path) -> Roofs:
    """Read ``device.json``.

    Raises:
        UserError: the file is missing, or not what ``measure_device.py`` writes.
    """
    try:
        measured = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        reason = error.strerror
        raise UserError(f"{path}: cannot be read ({reason}); run measure_device.py") from None
    except ValueError as error:
        raise UserError(f"{path}: not JSON ({error}); run measure_device.py again") from None
    if problem := first_problem(measured, SCHEMA):
        raise UserError(f"{path}: {explained(problem, 'device')}; run measure_device.py again")
    copies = measured["copy_gigabytes_per_second"]
    products = measured["product_gigaflops_per_second"]
    node = measured.get("graph_node_us")  # older files lack it
    return Roofs(
        device=measured["device"],
        threads=measured["threads"],
        copies=tuple(sorted((rung["bytes"], rung["median"] * 1e9) for rung in copies)),
        flops_per_second={dtype: rate["median"] * 1e9 for dtype, rate in products.items()},
        launch_seconds=measured["launch_us"]["median"] / 1e6,
        graph_node_seconds=node["median"] / 1e6 if node else None,
    )
