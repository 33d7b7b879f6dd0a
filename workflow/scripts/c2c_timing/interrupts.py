"""SIGINT and SIGTERM: end at once, but never within a line that is being written."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterator

SIGNALS = (signal.SIGINT, signal.SIGTERM)
AGAIN_SECONDS = 0.01

_holds = 0
_waiting: list[int] = []
_lost: list[int] = []


class Interrupted(BaseException):
    """A signal asks the process to end.

    No ``Exception``: what a bad sample may do is caught and noted, this is not.

    Attributes:
        name: the signal's name.
        exit_code: what a shell expects of a process that a signal ended, 128 + its number.
        kept: what is kept, and how to go on; empty where nothing was begun.
    """

    def __init__(self, number: int, kept: str = "") -> None:
        super().__init__(number, kept)
        self.number, self.kept = number, kept
        self.name = signal.Signals(number).name
        self.exit_code = 128 + number


@contextlib.contextmanager
def signals_interrupt() -> Iterator[None]:
    """Within the block SIGINT and SIGTERM raise ``Interrupted``.

    A signal that the process was told to ignore (``nohup``, a shell's background job) stays ignored.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in SIGNALS}
    if _on_signal not in before.values():
        _lost.clear()
    for number, handler in before.items():
        if handler is not signal.SIG_IGN:
            signal.signal(number, _on_signal)
    try:
        with _lost_ones_come_again():
            yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def _lost_ones_come_again() -> Iterator[None]:
    """Python drops what is raised in a weak reference's callback or a ``__del__``: torch has many.

    A signal that comes there comes again, a moment later, or at the block's end; it would be lost, and
    the process go on.
    """
    before, waiting = sys.unraisablehook, list[threading.Timer]()

    def hook(unraisable: sys.UnraisableHookArgs) -> None:
        global _holds
        if not isinstance(unraisable.exc_value, Interrupted):
            before(unraisable)
            return
        _holds += 1  # one that comes in here would be dropped, too: the next stands for both
        number = unraisable.exc_value.number
        again = threading.Timer(
            AGAIN_SECONDS, signal.pthread_kill, (threading.main_thread().ident, number)
        )
        again.daemon = True
        waiting.append(again)
        again.start()
        _waiting.clear()
        _lost.append(number)
        _holds -= 1

    sys.unraisablehook = hook
    try:
        yield
    finally:
        sys.unraisablehook = before
        for again in waiting:
            again.cancel()
            again.join()
    if _lost:
        number = _lost[0]
        _lost.clear()
        raise Interrupted(number)


@contextlib.contextmanager
def hold_signals() -> Iterator[None]:
    """A signal within the block takes effect at its end."""
    global _holds
    _holds += 1
    try:
        yield
    finally:
        _holds -= 1
        if _waiting and not _holds:
            number = _waiting[0]
            _waiting.clear()
            raise Interrupted(number)


def die_with(parent: int) -> None:
    """Let the kernel end this process when its parent ends (prctl(2), PR_SET_PDEATHSIG; Linux alone)."""
    if not sys.platform.startswith("linux"):
        return
    import ctypes

    ctypes.CDLL(None).prctl(1, signal.SIGKILL)
    if os.getppid() != parent:  # it ended in between
        os._exit(1)


def _on_signal(number: int, frame: object) -> None:
    _lost.clear()  # it stands for these, too
    if _holds:
        _waiting.append(number)
    else:
        raise Interrupted(number)
