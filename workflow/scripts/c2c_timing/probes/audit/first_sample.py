"""The audit of a shard: the first sample that can be prepared, by every method."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ...cards.dataset_card import DatasetCard
from ...data.sources import Row
from ...errors import one_line
from ...progress import say
from ...session import Session
from ...shard.passport import nvml_handle
from ...shard.sample_loop import SampleLoop

if TYPE_CHECKING:
    from ...engine.request import Request

# Every decode step does the same work, and each adds thousands of events to a trace.
PROFILED_TOKENS = 4

Part = Callable[[Session, str, "Request"], Any]


def audit_first(
    samples: Sequence[tuple[DatasetCard, str, Row]], loop: SampleLoop
) -> dict[str, Any]:
    """For ``_run.json``: whose requests, and what each method's did.

    The records are finished when this runs: trouble takes a method's place, and ends nothing.
    """
    with loop.walls.book("audit"):
        for card, subject, row in samples:
            try:
                tokenized, troubles = loop.prepare_all(card, subject, row)
            except Exception as error:  # as when it was timed; the next one may do
                say(f"no audit of {row.id}: {one_line(error)[:500]}")
                continue
            methods = _audit_all(loop, tokenized.request, troubles)
            return {"id": row.id, "subject": subject, "methods": methods}
    return {"id": None, "subject": None, "methods": {}}


def _audit_all(
    loop: SampleLoop, request: Request, troubles: Mapping[str, Exception]
) -> dict[str, dict[str, Any]]:
    settings, session = loop.settings, loop.session
    request = request.at_length(settings.length_views[0])
    methods: dict[str, dict[str, Any]] = {method: {} for method in settings.methods}
    for method, error in troubles.items():
        methods[method]["problem"] = one_line(error)[:500]
    for name, part in _parts(session).items():
        for method in [method for method in methods if "problem" not in methods[method]]:
            try:
                methods[method][name] = part(session, method, request)
            except Exception as error:
                problem = f"{name}: {type(error).__name__}: {one_line(error)[:500]}"
                methods[method]["problem"] = problem
                say(f"the audit of {method} failed in {problem}")
                if not _is_usable(session):
                    for left in methods.values():
                        left.setdefault("problem", f"not finished: the device failed in {name}")
                    return methods
    return methods


def _is_usable(session: Session) -> bool:
    """Whether the device goes on after an error; memory that the error left behind is given back.

    A CUDA context is lost with its first error, whatever that one said.
    """
    try:
        session.release_memory()
        session.finish()
    except Exception as error:
        say(f"the device failed in the audit: {one_line(error)[:500]}")
        return False
    return True


def _parts(session: Session) -> dict[str, Part]:
    """What is asked of a request. The profiler comes last: its memory stays with the process."""
    from .energy import energy_by_stage
    from .launches import audit_launches
    from .stage_memory import memory_by_stage

    nvml = nvml_handle(session)
    return {
        "memory": memory_by_stage,
        "energy": lambda session, method, request: energy_by_stage(session, method, request, nvml),
        "launches": lambda session, method, request: audit_launches(
            session, method, request.shortened(PROFILED_TOKENS)
        ),
    }
