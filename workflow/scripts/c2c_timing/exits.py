"""How a command ends: trouble becomes one line and an exit code, never a traceback."""

from __future__ import annotations

import atexit
import functools
import gc
from collections.abc import Callable

from .errors import UserError, one_line
from .interrupts import Interrupted, signals_interrupt
from .progress import say

# Python's end looks for cycles among all that was imported, again and again: a second for nothing.
atexit.register(gc.freeze)


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
