"""What a shard is asked for beside its records."""

from __future__ import annotations

from dataclasses import dataclass

from .clock_verdict import ClockVerdict


@dataclass(frozen=True)
class Extras:
    """What ``_run.json`` may say besides; no record depends on it.

    Attributes:
        clock_verdict: the self-test that the shard waited for.
        audit: also find out what one sample's requests do to the machine.
    """

    clock_verdict: ClockVerdict | None = None
    audit: bool = False


NO_EXTRAS = Extras()
