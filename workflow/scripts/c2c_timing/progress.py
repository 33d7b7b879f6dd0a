"""A bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator, Sequence
from typing import TypeVar

Item = TypeVar("Item")


def progress(
    items: Sequence[Item],
    title: str,
    done: int = 0,
    every_seconds: float = 15.0,
    unit: str = "sample",
) -> Iterator[Item]:
    """Yield the items, telling on stderr how far it is, ``done`` earlier ones included."""
    total = done + len(items)
    if sys.stderr.isatty():
        from tqdm import tqdm

        yield from tqdm(items, title, total, initial=done, unit=unit, leave=False)
        return
    told = time.monotonic()
    for number, item in enumerate(items, done):
        if time.monotonic() - told > every_seconds:
            told = time.monotonic()
            say(f"{title}: {number}/{total}")
        yield item


def say(line: str) -> None:
    """One line for the person or the log."""
    # A log on a full disk must not take the measurements with it.
    with contextlib.suppress(OSError):
        print(line, file=sys.stderr, flush=True)
