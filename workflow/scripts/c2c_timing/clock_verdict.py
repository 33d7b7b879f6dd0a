"""What the self-test said of the clock (``checks.self_test``): shards are timed only where it passed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import UserError
from .progress import say

if TYPE_CHECKING:
    from .session import Session

AGAIN = "stop other work and run it again: snakemake --cores 1 results/self_test.json --forcerun self_test"


@dataclass(frozen=True)
class ClockVerdict:
    """A clock that passed.

    Attributes:
        device, threads, node, tested_at: where and when; only these devices are known to be right.
    """

    device: str
    threads: int
    node: str
    tested_at: str

    def seen_from(self, session: Session) -> dict[str, Any]:
        """For ``_run.json``; says so where the session's device is another than the tested one."""
        config = session.model_config
        is_same = (self.device, self.threads) == (config["device"], config["threads"])
        if not is_same:
            say(
                f"the clock was tested on {self.device} with {self.threads} thread(s), not on this "
                f"{config['device']} with {config['threads']}; workflow/scripts/self_test.py tests it"
            )
        return {
            "device": self.device,
            "node": self.node,
            "tested_at": self.tested_at,
            "is_this_device": is_same,
        }


def read_clock_verdict(path: Path) -> ClockVerdict:
    """The self-test's file.

    Raises:
        UserError: there is none, or the clock failed.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        clock = ClockVerdict(*(found[name] for name in ("device", "threads", "node", "tested_at")))
        has_passed = found["passed"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(f"{path}: is no self-test ({error}); {AGAIN}") from None
    if not has_passed:
        raise UserError(f"{path}: the clock failed its self-test on {clock.device}; {AGAIN}")
    return clock
