"""One NVIDIA device as its driver sees it (NVML); what a driver does not tell is None."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pynvml

if TYPE_CHECKING:
    import torch

# Of the reasons for a lower clock those that are trouble: too hot, or too little power delivered.
# The power cap is not: a card at its own limit is timed as it is sold, and the passport names it.
SLOWDOWNS = {
    "thermal (software)": pynvml.nvmlClocksEventReasonSwThermalSlowdown,
    "thermal (hardware)": pynvml.nvmlClocksEventReasonHwThermalSlowdown,
    "power brake": pynvml.nvmlClocksEventReasonHwPowerBrakeSlowdown,
    "hardware slowdown": pynvml.nvmlClocksEventReasonHwSlowdown,
}
POWER_CAP = pynvml.nvmlClocksEventReasonSwPowerCap


def find_device(uuid: str) -> Any | None:
    """NVML's handle of the device with torch's uuid; None where NVML is not there."""
    with contextlib.suppress(pynvml.NVMLError):
        pynvml.nvmlInit()
        name = uuid if uuid.startswith(("GPU-", "MIG-")) else f"GPU-{uuid}"
        return pynvml.nvmlDeviceGetHandleByUUID(name)
    return None


def handle_of(device: torch.device) -> Any | None:
    """NVML's handle of torch's device; None on a CPU, or without NVML."""
    if device.type != "cuda":
        return None
    import torch

    return find_device(str(torch.cuda.get_device_properties(device).uuid))


def describe(handle: Any) -> dict[str, Any]:
    """What does not change while a shard runs."""
    limit = _ask(pynvml.nvmlDeviceGetPowerManagementLimit, handle)
    return {
        "driver": _ask(pynvml.nvmlSystemGetDriverVersion),
        "power_limit_watts": None if limit is None else limit / 1e3,
        "max_sm_clock_mhz": _ask(pynvml.nvmlDeviceGetMaxClockInfo, handle, pynvml.NVML_CLOCK_SM),
        "max_memory_clock_mhz": _ask(
            pynvml.nvmlDeviceGetMaxClockInfo, handle, pynvml.NVML_CLOCK_MEM
        ),
        **clocks(handle),
    }


def clocks(handle: Any) -> dict[str, int | None]:
    """Both clocks as they are now."""
    return {
        "sm_clock_mhz": _ask(pynvml.nvmlDeviceGetClockInfo, handle, pynvml.NVML_CLOCK_SM),
        "memory_clock_mhz": _ask(pynvml.nvmlDeviceGetClockInfo, handle, pynvml.NVML_CLOCK_MEM),
    }


def temperature_celsius(handle: Any) -> int | None:
    """Of the chip."""
    return _ask(pynvml.nvmlDeviceGetTemperature, handle, pynvml.NVML_TEMPERATURE_GPU)


def energy_joules(handle: Any) -> float | None:
    """Energy since the driver was loaded, by the device's counter (Volta and later)."""
    millijoules = _ask(pynvml.nvmlDeviceGetTotalEnergyConsumption, handle)
    return None if millijoules is None else millijoules / 1e3


def slowdowns(handle: Any) -> tuple[list[str], bool]:
    """Names of the slowdowns in force, and whether the power cap holds the clocks down."""
    reasons = _ask(pynvml.nvmlDeviceGetCurrentClocksEventReasons, handle) or 0
    return [name for name, bit in SLOWDOWNS.items() if reasons & bit], bool(reasons & POWER_CAP)


def _ask(question: Callable[..., Any], *arguments: Any) -> Any | None:
    """The answer; None where this device or driver has none."""
    with contextlib.suppress(pynvml.NVMLError):
        return question(*arguments)
    return None
