"""Devices by the names that people and records give them."""

from __future__ import annotations

import torch

from ..errors import UserError


def resolve_device(name: str) -> torch.device:
    """``cpu``, ``cuda``, ``cuda:N`` or ``auto`` (CUDA where there is one) to a device.

    Raises:
        UserError: the device is not there.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
    except RuntimeError:
        raise UserError(f"device {name!r} is unknown (choices: auto, cpu, cuda, cuda:N)") from None
    if device.type not in ("cpu", "cuda"):
        raise UserError(f"device {name!r} is not supported (choices: auto, cpu, cuda, cuda:N)")
    if device.type == "cuda":
        if not torch.cuda.is_available():
            raise UserError(f"device {name!r} is not there: torch sees no GPU; use --device cpu")
        count = torch.cuda.device_count()
        device = torch.device("cuda", device.index or 0)
        if device.index >= count:
            raise UserError(f"device {name!r} is not there: torch sees {count} GPU(s)")
    return device


def device_name(device: torch.device) -> str:
    """The name that records and floors carry: equal names, comparable times."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu"
