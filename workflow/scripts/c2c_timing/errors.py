"""The two kinds of trouble: a user's mistake ends the run, a bad sample ends only itself."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable


class UserError(Exception):
    """A mistake that the user can mend; its message is one line: what, where, what to do."""


class SampleError(Exception):
    """One sample cannot be timed; the shard records it and goes on.

    Attributes:
        stage: where it happened: ``read``, ``prompt``, ``tokenize``, ``request``.
    """

    def __init__(self, stage: str, message: str) -> None:
        super().__init__(message)
        self.stage = stage


def exits_cleanly(command: Callable[..., int | None]) -> Callable[..., int]:
    """Decorate a command's ``main``: a ``UserError`` becomes one line on stderr and exit code 1."""

    @functools.wraps(command)
    def wrapper(*args, **kwargs) -> int:
        try:
            return command(*args, **kwargs) or 0
        except UserError as error:
            print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            print("interrupted", file=sys.stderr)
            return 130

    return wrapper
