"""What every arm hands back; the times are in the clock."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Answer:
    """The generated ids, and the number of projections made (None where there are none to make)."""

    ids: list[int]
    projector_calls: int | None = None
