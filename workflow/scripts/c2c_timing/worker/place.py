"""Where a worker is met: a private folder, and a name that tells all that it must have in common."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import platform
import socket
import stat
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..places import WORKFLOW
from ..progress import CONSOLE_VARIABLE

# Where the timing command finds its worker, unless a flag says so.
WORKER_VARIABLE = "C2C_TIMING_WORKER"
# The process whose end is the worker's, too.
OWNER_VARIABLE = "C2C_TIMING_WORKER_OWNER"
# What differs between two calls and means nothing.
_ASIDE = ("_", "SHLVL", "PWD", "OLDPWD", WORKER_VARIABLE, OWNER_VARIABLE, CONSOLE_VARIABLE)


@dataclass(frozen=True)
class Place:
    """A worker's files.

    Attributes:
        key: of worker and command; what is not equal is another worker's.
    """

    folder: Path
    key: str

    @property
    def lock(self) -> Path:
        """Held by the worker as long as it lives."""
        return self.folder / f"{self.key}.lock"

    @property
    def log(self) -> Path:
        """What the worker says that is of no shard."""
        return self.folder / f"{self.key}.log"

    def bind(self) -> socket.socket:
        """The worker's end: a socket that takes connections."""
        listener = socket.socket(socket.AF_UNIX)
        with _short(self.folder) as folder:
            (self.folder / f"{self.key}.sock").unlink(missing_ok=True)
            listener.bind(f"{folder}/{self.key}.sock")
        listener.listen()
        return listener

    def connect(self) -> socket.socket | None:
        """The command's end; None where no worker listens."""
        connection = socket.socket(socket.AF_UNIX)
        try:
            with _short(self.folder) as folder:
                connection.connect(f"{folder}/{self.key}.sock")
        except OSError:
            connection.close()
            return None
        return connection

    def others(self) -> Iterator[Place]:
        """Workers in the same folder under another key."""
        for path in sorted(self.folder.glob("*.sock")):
            if path.stem != self.key:
                yield Place(self.folder, path.stem)

    def clear(self) -> None:
        """By who holds the lock, which stays: another one may just be opening it."""
        (self.folder / f"{self.key}.sock").unlink(missing_ok=True)

    def clear_if_dead(self) -> None:
        """Where a worker was killed, and nobody has followed it."""
        with contextlib.suppress(OSError), self.lock.open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self.clear()


def place_in(folder: Path) -> Place:
    """Where this interpreter, in this environment, meets its worker.

    Raises:
        OSError: there can be no private folder.
    """
    try:
        folder.mkdir(parents=True)
        folder.chmod(0o700)
    except FileExistsError:
        found = folder.stat()
        if found.st_uid != os.getuid() or stat.S_IMODE(found.st_mode) & 0o077:
            raise PermissionError("it is not yours alone; name another folder") from None
    return Place(folder.resolve(), _key())


def _key() -> str:
    """Interpreter, packages, code and cards, environment, cores and rights, in a digest."""
    code = [
        (str(path.relative_to(WORKFLOW)), found.st_size, found.st_mtime_ns)
        for path in sorted(WORKFLOW.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
        for found in [path.stat()]
    ]
    packages = [(path, Path(path).stat().st_mtime_ns) for path in sys.path if Path(path).is_dir()]
    environment = sorted((name, value) for name, value in os.environ.items() if name not in _ASIDE)
    mask = os.umask(0o077)
    os.umask(mask)
    here = (sys.executable, sys.version, sys.path, platform.node(), str(WORKFLOW))
    rights = (sorted(os.sched_getaffinity(0)), mask, os.nice(0), os.getgroups())
    return hashlib.sha256(
        repr((here, packages, code, environment, rights)).encode("utf-8", "surrogateescape")
    ).hexdigest()[:16]


@contextlib.contextmanager
def _short(folder: Path) -> Iterator[str]:
    """A name of a folder that is short enough for a socket's address."""
    number = os.open(folder, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{number}"
    finally:
        os.close(number)
