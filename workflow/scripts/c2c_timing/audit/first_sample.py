"""The audit of a shard: the first sample that can be prepared, by every method."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..data.cards import DatasetCard
from ..data.sources import Row
from ..errors import one_line
from ..passport import nvml_handle
from ..progress import say
from ..sample_loop import SampleLoop


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
            except Exception:  # noqa: S112: it stands among the shard's errors already
                continue
            methods = {}
            for method in loop.settings.methods:
                try:
                    if method in troubles:
                        raise troubles[method]
                    methods[method] = _audit(loop, method, tokenized)
                except Exception as error:
                    problem = f"{type(error).__name__}: {one_line(error)[:500]}"
                    say(f"the audit of {method} failed: {problem}")
                    methods[method] = {"problem": problem}
            return {"id": row.id, "subject": subject, "methods": methods}
    return {"id": None, "subject": None, "methods": {}}


def _audit(loop: SampleLoop, method: str, tokenized: Any) -> dict[str, Any]:
    from .one_request import audit_request

    session, view = loop.session, loop.settings.length_views[0]
    return audit_request(session, method, view, tokenized.request, nvml_handle(session))
