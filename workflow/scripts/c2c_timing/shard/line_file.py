"""A file of lines that one process at a time appends to; a line is on the disk as a whole or not."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from collections.abc import Generator
from pathlib import Path

from ..errors import UserError, one_line
from ..interrupts import hold_signals
from ..progress import say

# Of opening a file that its holder removes at that moment.
MAX_TRIES = 100

Span = tuple[int, int]
"""Where a line begins, and its length, in bytes."""


class LineFile:
    """An open file under an exclusive lock; it is made where it is missing.

    Raises:
        UserError: another process holds it, or it cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor = _open_locked(path)

    def close(self) -> None:
        """Give the lock back."""
        os.close(self._descriptor)

    def append(self, line: bytes) -> Span:
        """Write a line, its end included, and wait until it is on the disk.

        Raises:
            OSError: the disk is full or broken; the file is as it was before.
        """
        begin = os.fstat(self._descriptor).st_size
        with hold_signals():
            try:
                left = memoryview(line)
                while left:
                    left = left[os.write(self._descriptor, left) :]
                os.fsync(self._descriptor)
            except OSError:
                # Where even that fails the torn line is dropped at the next reading.
                with contextlib.suppress(OSError):
                    os.ftruncate(self._descriptor, begin)
                raise
        return begin, len(line)

    def read(self, span: Span) -> bytes:
        """A line, by the place that ``append`` or ``whole_lines`` told."""
        begin, length = span
        return os.pread(self._descriptor, length, begin)

    def whole_lines(self) -> Generator[tuple[Span, bytes]]:
        """Every line with its place; what follows the last line's end is cut off."""
        begin = 0
        with os.fdopen(os.dup(self._descriptor), "rb") as reader:
            reader.seek(0)
            for line in reader:
                if not line.endswith(b"\n"):
                    os.ftruncate(self._descriptor, begin)
                    return
                yield (begin, len(line)), line
                begin += len(line)

    def empty(self, copy: Path) -> None:
        """Forget all lines, but keep a copy. The file stays the same, since the lock is on it."""
        shutil.copyfile(self.path, copy)
        os.ftruncate(self._descriptor, 0)

    def remove(self) -> None:
        """Delete the file, and its folder if that is empty now."""
        self.path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            self.path.parent.rmdir()


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def refuse_if_locked(path: Path) -> None:
    """Before a long wait for something else.

    Raises:
        UserError: another process holds the file.
    """
    try:
        descriptor = os.open(path, os.O_RDWR)
    except OSError:  # there is none, or opening it in earnest will say more
        return
    try:
        _lock(descriptor, path)
    finally:
        os.close(descriptor)


def _open_locked(path: Path) -> int:
    for _ in range(MAX_TRIES):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)
        except FileNotFoundError:
            continue  # another process has just removed the empty folder
        except (OSError, ValueError) as error:  # ValueError: a name with a NUL
            reason = one_line(getattr(error, "strerror", None) or error)
            raise UserError(f"{path}: cannot be written ({reason})") from None
        try:
            _lock(descriptor, path)
            # Its holder may have finished and removed it between our opening and our lock.
            with contextlib.suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(descriptor), path.stat()):
                    sync_folder(path.parent)
                    return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)
    raise UserError(f"{path}: cannot be opened and locked; see what else uses it")


def _lock(descriptor: int, path: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise UserError(
            f'{path}: another process is timing this shard (its last line with "process" tells '
            "which); wait for it or end it"
        ) from None
    except OSError as error:  # some network file systems have no locks
        say(f"{path}: cannot be locked ({error.strerror}); see that nothing else times this shard")
