"""A process of its own that compares mathematics with math-verify; run as a file, never imported whole.

It reads a JSON list from each line, the right answer and the readings of another, and writes
``true``, ``false``, or ``null`` where the right answer itself cannot be read. An answer may write
any power tower: what takes too long or too much memory ends this process, and nothing else.
"""

from __future__ import annotations

import json
import logging
import os
import resource
import signal
import sys
import warnings

SECONDS = 5  # of processor time for one answer: a busy machine changes no verdict
WALL_SECONDS = 60
BYTES = 2 << 30


def main() -> None:
    """Answer questions until no more come."""
    replies = os.fdopen(os.dup(sys.stdout.fileno()), "w", buffering=1)
    sys.stdout = sys.stderr
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    import math_verify  # noqa: F401  # before the limits, and before the first answer is timed

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (BYTES, BYTES))
    for number in (signal.SIGALRM, signal.SIGPROF):
        signal.signal(number, signal.SIG_DFL)  # ends also what no Python handler interrupts
    replies.write("ready\n")
    for line in sys.stdin:
        gold, readings = json.loads(line)
        _limit(SECONDS, WALL_SECONDS)
        verdict = json.dumps(_same(gold, readings))
        _limit(0, 0)
        replies.write(f"{verdict}\n")


def _limit(processor_seconds: float, wall_seconds: float) -> None:
    signal.setitimer(signal.ITIMER_PROF, processor_seconds)
    signal.setitimer(signal.ITIMER_REAL, wall_seconds)


def _same(gold: str, readings: list[str]) -> bool | None:
    from math_verify import verify

    right = _parsed(gold)
    if not right:
        return None
    return any(
        verify(right, answer, timeout_seconds=None, raise_on_error=False)
        for answer in map(_parsed, readings)
        if answer
    )


def _parsed(latex: str) -> list:
    from math_verify import LatexExtractionConfig, parse

    # its own time limit is an alarm that no long computation in C hears; main() sets a better one
    return parse(f"${latex}$", [LatexExtractionConfig()], parsing_timeout=None)


if __name__ == "__main__":
    main()
