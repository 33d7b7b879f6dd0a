"""What the machine did while a shard ran: clocks, temperature, throttling, load. Never in a request."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import psutil

from . import nvml as nvml_device

# Linux counts here how often each core was slowed down because it was hot.
CORES = Path("/sys/devices/system/cpu")
COUNTERS = "cpu[0-9]*/thermal_throttle/core_throttle_count"


class MachineLog:
    """Readings of one shard; the caller takes them between requests."""

    def __init__(self, gpu: Any | None = None, cores: Path = CORES) -> None:
        """Read the CPU, and a GPU by its NVML handle."""
        self._gpu, self._cores = gpu, cores
        self._readings: list[dict[str, float | None]] = []
        self._reasons: set[str] = set()
        self._is_power_capped = False
        self._throttled_before = self._cpu_throttle_count()

    def read(self) -> None:
        """Take one reading: well below a millisecond on most machines."""
        frequency = psutil.cpu_freq()
        reading: dict[str, float | None] = {
            "cpu_mhz": frequency.current if frequency else None,
            "load_1m": os.getloadavg()[0],
        }
        if self._gpu is not None:
            reading |= nvml_device.clocks(self._gpu)
            reading["temperature_celsius"] = nvml_device.temperature_celsius(self._gpu)
            reasons, is_capped = nvml_device.slowdowns(self._gpu)
            self._reasons.update(reasons)
            self._is_power_capped |= is_capped
        self._readings.append(reading)

    def as_plain(self) -> dict[str, Any]:
        """For ``_run.json``: of every quantity the first, last, least and most; None if never read.

        ``throttled``: the device or the CPU slowed itself down, for the reasons in ``reasons``.
        """
        names = dict.fromkeys(name for reading in self._readings for name in reading)
        reasons = sorted(self._reasons)
        if self._cpu_throttle_count() > self._throttled_before:
            reasons.append("thermal (CPU)")
        return {
            "readings": len(self._readings),
            **{name: self._summary(name) for name in names},
            "throttled": bool(reasons),
            "reasons": reasons,
            "power_capped": self._is_power_capped if self._gpu is not None else None,
        }

    def _summary(self, name: str) -> dict[str, float] | None:
        values = [value for r in self._readings if (value := r[name]) is not None]
        if not values:
            return None
        return {"first": values[0], "last": values[-1], "min": min(values), "max": max(values)}

    def _cpu_throttle_count(self) -> int:
        return sum(int(path.read_text()) for path in self._cores.glob(COUNTERS))
