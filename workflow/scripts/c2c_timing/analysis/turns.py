"""Where a verdict turns: on which runtime C2C becomes the faster one, or the slower one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from .deciding import FASTER, SAME, SLOWER

# Between runtimes on which neither is told, no turn is seen.
TOLD = (FASTER, SLOWER)


@dataclass(frozen=True)
class Turn:
    """Two runtimes of a ladder with opposite verdicts, and none that can be told between them."""

    last: str
    at: str


def turns(verdicts: Mapping[str, str]) -> list[Turn]:
    """All turns of the verdicts by runtime, which are in the order of the ladder."""
    told = [(runtime, verdict) for runtime, verdict in verdicts.items() if verdict in TOLD]
    return [Turn(last, at) for (last, before), (at, verdict) in pairwise(told) if verdict != before]


def conclusion(verdicts: Mapping[str, str]) -> str:
    """What the verdicts come to, in words."""
    if found := turns(verdicts):
        return "the verdict turns " + " and ".join(f"at {turn.at}" for turn in found)
    if set(verdicts.values()) in [{verdict} for verdict in (*TOLD, SAME)]:
        return "the same verdict on every runtime"
    return "no turn can be told"
