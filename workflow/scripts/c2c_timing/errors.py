"""The two kinds of trouble: a user's mistake ends the run, a bad sample ends only itself."""

from __future__ import annotations


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
