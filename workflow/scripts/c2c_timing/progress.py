"""A bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

Item = TypeVar("Item")


def progress(
    items: Sequence[Item],
    title: str,
    done: int = 0,
    every_seconds: float = 15.0,
    unit: str = "sample",
    name: Callable[[Item], str] | None = None,
) -> Iterator[Item]:
    """Yield the items, telling on stderr how far it is, ``done`` earlier ones included.

    With ``name`` it also tells which item is in hand.
    """
    total = done + len(items)
    if sys.stderr.isatty():
        from tqdm import tqdm

        bar = tqdm(items, title, total, initial=done, unit=unit, leave=False)
        for item in bar:
            if name:
                bar.set_description(f"{title}, {name(item)}")
            yield item
        return
    told = time.monotonic()
    for number, item in enumerate(items, done):
        if time.monotonic() - told > every_seconds:
            told = time.monotonic()
            say(f"{title}: {number}/{total}{f', {name(item)}' if name else ''}")
        yield item


def say(line: str) -> None:
    """One line for the person or the log."""
    # A log on a full disk must not take the measurements with it.
    with contextlib.suppress(OSError):
        print(line, file=sys.stderr, flush=True)
