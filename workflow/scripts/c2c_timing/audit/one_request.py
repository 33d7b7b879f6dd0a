"""The audit of one request by one method, for ``_run.json``."""

from __future__ import annotations

from typing import Any

from ..engine.request import Request
from ..session import Session
from .energy import energy_by_stage
from .launches import audit_launches
from .stage_memory import memory_by_stage

# Every decode step does the same work, and each adds thousands of events to a trace.
PROFILED_TOKENS = 4


def audit_request(
    session: Session, method: str, view: str, request: Request, nvml: Any | None
) -> dict[str, Any]:
    """Launches of a shortened request; memory and energy of the whole one.

    Args:
        nvml: NVML's handle of the device; None leaves energy out.
    """
    request = request.at_length(view)
    return {
        "launches": audit_launches(session, method, request.shortened(PROFILED_TOKENS)),
        "memory": memory_by_stage(session, method, request),
        "energy": energy_by_stage(session, method, request, nvml),
    }
