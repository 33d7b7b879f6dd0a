"""What a run prints while it runs: less talk, and how far it is."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterable

# Between two lines that say how far it is.
STEPS_SECONDS = 20.0


class Steps(logging.Handler):
    """Says now and then how many steps are done; add it to Snakemake's logger."""

    def __init__(self) -> None:
        super().__init__(level=logging.INFO)
        self._told = time.monotonic()

    def emit(self, record: logging.LogRecord) -> None:
        """Take note of ``PROGRESS`` events (snakemake-interface-logger-plugins)."""
        now = time.monotonic()
        if getattr(record, "event", None) != "progress" or now - self._told < STEPS_SECONDS:
            return
        self._told = now
        done, total = getattr(record, "done", 0), getattr(record, "total", 0)
        print(f"{done} of {total} steps done", file=sys.stderr, flush=True)


def talk_less(handlers: Iterable[logging.Handler]) -> None:
    """Keep off the console what Snakemake says before every job and no option turns off."""
    for handler in handlers:
        if getattr(handler, "stream", None) in (sys.stderr, sys.stdout):
            handler.addFilter(_is_worth_a_line)


def _is_worth_a_line(record: logging.LogRecord) -> bool:
    is_begun = getattr(record, "event", None) == "job_started"
    return not (is_begun or record.getMessage() == "Select jobs to execute...")
