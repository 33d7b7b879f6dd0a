"""A bar on a terminal, a line now and then elsewhere.

A command whose words go into a log may have a console besides: that of the run which called it.
"""

from __future__ import annotations

import contextlib
import os
import stat
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TextIO, TypeVar

# Names the stream of the run that called this command, where it can be written to.
CONSOLE_VARIABLE = "C2C_TIMING_CONSOLE"
# Between two lines on a console that is no terminal.
CONSOLE_SECONDS = 30.0
Item = TypeVar("Item")


def progress(
    items: Sequence[Item],
    title: str,
    done: int = 0,
    every_seconds: float = 15.0,
    unit: str = "sample",
    name: Callable[[Item], str] | None = None,
    further: int = 0,
) -> Iterator[Item]:
    """Yield the items, telling on stderr how far it is, ``done`` earlier ones included.

    ``further`` ones are to follow, which somebody else yields.

    On a console, too, where there is one. With ``name`` it also tells which item is in hand.
    """
    from tqdm import tqdm

    tqdm.monitor_interval = 0  # no thread beside what is timed
    with _console() as console:
        stream = console or sys.stderr
        is_bar = stream.isatty()
        bar = tqdm(
            items, title, done + len(items) + further, initial=done, unit=unit, leave=False,
            file=stream, disable=not is_bar,
        )  # fmt: skip
        began = time.monotonic()
        tellers = [] if stream is sys.stderr and is_bar else [_Teller(say, began, every_seconds)]
        if console and not is_bar:
            tellers.append(_Teller(lambda line: _write(console, line), began, CONSOLE_SECONDS))
        for number, item in enumerate(bar, done):
            if is_bar and name:
                bar.set_description(f"{title}, {name(item)}")
            for teller in tellers:
                teller.tell(
                    title, number, done, len(items) + further, unit, name(item) if name else ""
                )
            yield item


class _Teller:
    """A line now and then."""

    def __init__(self, write: Callable[[str], None], began: float, every_seconds: float) -> None:
        self._write, self._began, self._every = write, began, every_seconds
        self._told = began

    def tell(self, title: str, number: int, done: int, items: int, unit: str, name: str) -> None:
        """How far it is, how fast, and how long it will take."""
        now = time.monotonic()
        if now - self._told <= self._every:
            return
        self._told = now
        words = [f"{title}: {number}/{done + items}", name]
        if made := number - done:
            seconds = (now - self._began) / made
            left = seconds * (items - made)
            words += [f"{1 / seconds:.2g} {unit}s a second", f"{left:.0f} s left"]
        self._write(", ".join(filter(None, words)))


@contextlib.contextmanager
def _console() -> Iterator[TextIO | None]:
    """A terminal or a pipe; None where there is none. A file would be written over by its owner."""
    with contextlib.ExitStack() as stack:
        console = None
        path = os.environ.get(CONSOLE_VARIABLE)
        if path and not sys.stderr.isatty():
            with contextlib.suppress(OSError):
                mode = Path(path).stat().st_mode
                if stat.S_ISCHR(mode) or stat.S_ISFIFO(mode):
                    console = stack.enter_context(Path(path).open("a", encoding="utf-8"))
        yield console


def _write(console: TextIO, line: str) -> None:
    with contextlib.suppress(OSError):
        print(line, file=console, flush=True)


def say(line: str) -> None:
    """One line for the person or the log."""
    # A log on a full disk must not take the measurements with it.
    with contextlib.suppress(OSError):
        print(line, file=sys.stderr, flush=True)


def announce(line: str) -> None:
    """``say`` it, and on the console of the run, too: somebody waits for what it tells."""
    say(line)
    with _console() as console:
        if console:
            _write(console, line)
