"""What the self-test said of the clock (``probes.self_test``): shards are timed only where it passed."""

from __future__ import annotations

import json
import platform
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import UserError
from ..progress import say

if TYPE_CHECKING:
    from ..session import Session

AGAIN = "stop other work, then: python workflow/scripts/self_test.py"


@dataclass(frozen=True)
class ClockVerdict:
    """A clock that passed.

    Attributes:
        device, threads, node, tested_at: where and when; other devices are not known to be right.
    """

    device: str
    threads: int
    node: str
    tested_at: str

    def seen_from(self, session: Session) -> dict[str, Any]:
        """For ``_run.json``; says so where the session's device is another than the tested one."""
        config = session.model_config
        here = (config["device"], config["threads"], platform.node())
        is_same = here == (self.device, self.threads, self.node)
        if not is_same:
            say(
                f"the clock was tested on {self.device} of {self.node} with {self.threads} thread(s), "
                f"not on this {here[0]} of {here[2]} with {here[1]}"
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
