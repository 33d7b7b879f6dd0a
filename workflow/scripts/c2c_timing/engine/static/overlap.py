"""Kernels that begin before the one in front of them has ended (programmatic dependent launch).

A decode step is a chain of kernels, many of them shorter than what lies between two. Where the device
can, each is launched while the one before it still runs, does what depends on nothing (reads
weights), and only then waits. It lets the next one in after its own wait, never before: whoever
starts then finds the results of all kernels but the last one written, which inductor's own kernels
rely on.
"""

from __future__ import annotations

import torch

# Compute capability from which devices can.
LEAST_CAPABILITY = (9, 0)


def overlaps(device: torch.device) -> bool:
    """Whether kernels there can overlap."""
    return torch.cuda.get_device_capability(device) >= LEAST_CAPABILITY
