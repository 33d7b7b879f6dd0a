"""What the self-test said of the clock (``probes.self_test``): shards are timed only where it passed."""

from __future__ import annotations

import json
import platform
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import UserError
from ..progress import say
from ..runtime_table import REFERENCE

if TYPE_CHECKING:
    from ..session import Session

COMMAND = "python workflow/scripts/self_test.py"
AGAIN = f"stop other work, then: {COMMAND}"


WHERE = ("device", "threads", "node", "tested_at")
# What a file was written about that names no runtimes.
ONCE_TESTED = [REFERENCE]


@dataclass(frozen=True)
class ClockVerdict:
    """A clock that passed.

    Attributes:
        device, threads, node, tested_at: where and when; other devices are not known to be right.
        runtimes: the tested ones; in others it may be wrong.
    """

    device: str
    threads: int
    node: str
    tested_at: str
    runtimes: tuple[str, ...]

    def seen_from(self, session: Session) -> dict[str, Any]:
        """For ``_run.json``; says so where the session's device or runtimes were not tested."""
        config = session.model_config
        here = (config["device"], config["threads"], platform.node())
        is_same = here == (self.device, self.threads, self.node)
        if not is_same:
            say(
                f"the clock was tested on {self.device} of {self.node} with {self.threads} thread(s), "
                f"not on this {here[0]} of {here[2]} with {here[1]}"
            )
        wanted = session.settings.runtimes
        untested = [name for name in wanted if name not in self.runtimes]
        if untested:
            say(
                f"the clock was tested under {', '.join(self.runtimes)}, not under "
                f"{', '.join(untested)}; test it: {COMMAND} --runtimes {' '.join(wanted)}"
            )
        return {
            "device": self.device,
            "node": self.node,
            "tested_at": self.tested_at,
            "is_this_device": is_same,
            "runtimes": list(self.runtimes),
            "untested_runtimes": untested,
        }


def _names(runtimes: Any) -> tuple[str, ...]:
    if not isinstance(runtimes, list) or not all(isinstance(name, str) for name in runtimes):
        raise TypeError("runtimes are no list of names")
    return tuple(runtimes)


def read_clock_verdict(path: Path) -> ClockVerdict:
    """The self-test's file.

    Raises:
        UserError: there is none, or the clock failed.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        device, threads, node, tested_at = itemgetter(*WHERE)(found)
        runtimes = _names(found.get("runtimes", ONCE_TESTED))
        clock = ClockVerdict(device, threads, node, tested_at, runtimes)
        has_passed = found["passed"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(f"{path}: is no self-test ({error}); {AGAIN}") from None
    if not has_passed:
        raise UserError(f"{path}: the clock failed its self-test on {clock.device}; {AGAIN}")
    return clock
