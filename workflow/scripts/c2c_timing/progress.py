"""A bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from typing import TypeVar

Item = TypeVar("Item")


def progress(items: Sequence[Item], title: str, every_seconds: float = 15.0) -> Iterator[Item]:
    """Yield the items, telling on stderr how far it is."""
    if sys.stderr.isatty():
        from tqdm import tqdm

        yield from tqdm(items, desc=title, unit="sample", leave=False)
        return
    told = time.monotonic()
    for number, item in enumerate(items):
        if time.monotonic() - told > every_seconds:
            told = time.monotonic()
            say(f"{title}: {number}/{len(items)}")
        yield item


def say(line: str) -> None:
    """One line for the person or the log."""
    print(line, file=sys.stderr, flush=True)
