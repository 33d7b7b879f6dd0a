"""Memory that is held, and the most since the last reset: the device's, or on a CPU the process's."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import torch

# Linux keeps the peak of a process's resident memory (VmHWM), and forgets it when told 5 (proc(5)).
STATUS, FORGET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


class PeakMemory(Protocol):
    """A peak that can be read, and forgotten."""

    def held_bytes(self) -> int | None:
        """Bytes held now; None where this system does not tell."""

    def reset(self) -> None:
        """Forget the peak; what is held now is the new one."""

    def peak_bytes(self) -> int | None:
        """The most bytes held since the last reset; None where this system does not tell."""


class DevicePeak:
    """Bytes of tensors on a CUDA device, as torch's allocator counts them. Waits for nothing."""

    def __init__(self, device: torch.device) -> None:
        import torch

        self._device, self._cuda = device, torch.cuda

    def held_bytes(self) -> int | None:
        """Weights, prepared requests and what runtimes keep; cached free memory not."""
        return self._cuda.memory_allocated(self._device)

    def reset(self) -> None:
        """Forget the peak."""
        self._cuda.reset_peak_memory_stats(self._device)

    def peak_bytes(self) -> int | None:
        """Weights and prepared requests included, cached free memory not."""
        return self._cuda.max_memory_allocated(self._device)


class ResidentPeak:
    """Resident memory of this process: libraries, weights, and all that was touched."""

    def __init__(self) -> None:
        self._is_known = False

    def held_bytes(self) -> int | None:
        """All that is resident now."""
        return _status_bytes("VmRSS")

    def reset(self) -> None:
        """Forget the peak, where the system lets us."""
        self._is_known = False
        with contextlib.suppress(OSError):
            FORGET.write_text("5")
            self._is_known = True

    def peak_bytes(self) -> int | None:
        """None before a reset that worked: a peak of the whole process's life is another number."""
        return _status_bytes("VmHWM") if self._is_known else None


def _status_bytes(name: str) -> int | None:
    """A line of what Linux tells of this process; None elsewhere."""
    with contextlib.suppress(OSError):
        for line in STATUS.read_text().splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1]) * 1024
    return None


def peak_memory_of(device: torch.device) -> PeakMemory:
    """The peak that matters where a pair runs."""
    return DevicePeak(device) if device.type == "cuda" else ResidentPeak()
