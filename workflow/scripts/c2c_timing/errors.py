"""The two kinds of trouble: a user's mistake ends the run, a bad sample ends only itself."""

from __future__ import annotations

import functools
from collections.abc import Callable

from .interrupts import Interrupted, signals_interrupt
from .progress import say


class UserError(Exception):
    """A mistake that the user can mend; its message is one line: what, where, what to do."""

    def __init__(self, message: str) -> None:
        super().__init__(one_line(message))


class SampleError(Exception):
    """One sample cannot be timed; the shard records it and goes on.

    Attributes:
        stage: where it happened: ``read``, ``prompt``, ``tokenize``, ``request``.
    """

    def __init__(self, stage: str, message: str) -> None:
        super().__init__(message)
        self.stage = stage


def one_line(text: object) -> str:
    """A text without line breaks, for a message."""
    return " ".join(line.strip() for line in str(text).splitlines() if line.strip())


def exits_cleanly(command: Callable[..., int | None]) -> Callable[..., int]:
    """Decorate a command's ``main``: trouble becomes one line on stderr and an exit code.

    1 for a ``UserError`` and for a file that cannot be read or written; 130 and 143 for SIGINT and
    SIGTERM.
    """

    @functools.wraps(command)
    def wrapper(*args, **kwargs) -> int:
        try:
            with signals_interrupt():
                return command(*args, **kwargs) or 0
        except UserError as error:
            say(f"error: {error}")
        except OSError as error:
            where = f"{error.filename}: " if error.filename else ""
            say(f"error: {where}cannot be read or written ({one_line(error.strerror or error)})")
        except Interrupted as error:
            say(f"interrupted by {error.name}{error.kept and ': '}{one_line(error.kept)}")
            return error.exit_code
        return 1

    return wrapper
