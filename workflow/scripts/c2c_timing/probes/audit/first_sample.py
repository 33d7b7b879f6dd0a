"""The audit of a shard: the first sample that can be prepared, by every method."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ...cards.dataset_card import DatasetCard
from ...data.sources import Row
from ...errors import one_line
from ...meters.wall_times import WallTimes
from ...method_table import is_again
from ...progress import say
from ...session import Session, Trial

if TYPE_CHECKING:
    from ...methods.task import Task

# Every decode step does the same work, and each adds thousands of events to a trace.
PROFILED_TOKENS = 4

Part = Callable[[Session, Trial], Any]
# By method, what each part found; ``problem`` where it could not be finished.
Found = dict[str, dict[str, Any]]


def audit_first(
    samples: Sequence[tuple[DatasetCard, str, Row]], session: Session, walls: WallTimes
) -> dict[str, Any]:
    """For ``_run.json``: whose requests, and what each method's did under every runtime.

    The records are finished when this runs: trouble takes a method's place, and ends nothing.

    Returns:
        ``methods`` are those of the run's first runtime.
    """
    with walls.book("audit"):
        for card, subject, row in samples:
            try:
                tasks, troubles = session.preparation.tasks_of_row(card, subject, row)
            except Exception as error:  # as when it was timed; the next one may do
                say(f"no audit of {row.id}: {one_line(error)[:500]}")
                continue
            found = _audit_all(session, tasks, troubles)
            first = next(iter(found.values()))
            return {"id": row.id, "subject": subject, "methods": first, "methods_by_runtime": found}
    return {"id": None, "subject": None, "methods": {}, "methods_by_runtime": {}}


def _audit_all(
    session: Session, tasks: Mapping[str, Task], troubles: Mapping[str, Exception]
) -> dict[str, Found]:
    settings = session.settings
    view = settings.length_views[0]
    found: dict[str, Found] = {
        runtime: {
            method: {"problem": one_line(troubles[method])[:500]} if method in troubles else {}
            for method in settings.methods
        }
        for runtime in settings.runtimes
    }
    for name, part in _parts().items():
        for runtime, (method, task) in itertools.product(found, tasks.items()):
            if is_again(method) or "problem" in found[runtime][method]:
                continue
            trial = Trial(method, runtime, task.at_length(view))
            try:
                found[runtime][method][name] = part(session, trial)
            except Exception as error:
                problem = f"{name}: {type(error).__name__}: {one_line(error)[:500]}"
                found[runtime][method]["problem"] = problem
                say(f"the audit of {method} ({runtime}) failed in {problem}")
                if not _is_usable(session):
                    for left in (left for methods in found.values() for left in methods.values()):
                        left.setdefault("problem", f"not finished: the device failed in {name}")
                    return found
    return found


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


def _parts() -> dict[str, Part]:
    """What is asked of a request. The profiler comes last: its memory stays with the process."""
    from .energy import energy_by_stage
    from .launches import audit_launches
    from .stage_memory import memory_by_stage

    return {
        "memory": memory_by_stage,
        "energy": energy_by_stage,
        "launches": lambda session, trial: audit_launches(
            session, replace(trial, task=trial.task.shortened(PROFILED_TOKENS))
        ),
    }
