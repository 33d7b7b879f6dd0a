"""One stopwatch a device: two shards that are timed at once would disturb each other's times.

A lock a device, which every command of this machine takes while it loads a pair or times: shards of
other terminals, other clones and other users wait. The kernel lets go of it with the process.
"""

from __future__ import annotations

import contextlib
import datetime
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ..progress import announce

if TYPE_CHECKING:
    import torch

# Not TMPDIR: that is another folder for every job of a cluster, and for some users.
FOLDER_VARIABLE = "C2C_TIMING_LOCKS"
FOLDER = Path("/tmp/c2c-timing-locks")
# Anyone's process may hold a lock, and anyone may wait for it.
EVERYONE = 0o666
_held: dict[str, int] = {}


@contextlib.contextmanager
def alone_on(device: torch.device, title: str) -> Iterator[None]:
    """Within the block no other process has the device; waits for one that has, and says for whom.

    On a CPU the device is the cores that this process may use: jobs on other cores go on. Taken again
    by the process that has it, it stays taken.

    Args:
        title: what is done meanwhile, for those who wait.
    """
    try:
        import fcntl
    except ImportError:  # no such locks on this system
        yield
        return
    with contextlib.ExitStack() as locks:
        for name in _names(device):
            if _held.get(name, 0):
                continue
            place = _opened(name)
            if place is None:
                break
            locks.callback(os.close, place)
            try:
                fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                announce(f"waiting for the {device.type} of this machine: {_holder(place)}")
                fcntl.flock(place, fcntl.LOCK_EX)
            _held[name] = 1
            locks.callback(_held.pop, name)
            _sign(place, title)
        yield


def _names(device: torch.device) -> list[str]:
    """One a device; of cores one each, in an order that all processes share."""
    if device.type == "cuda":
        import torch

        return [f"cuda-{torch.cuda.get_device_properties(device).uuid}"]
    if hasattr(os, "sched_getaffinity"):
        return [f"core-{number}" for number in sorted(os.sched_getaffinity(0))]
    return ["cpu"]


def _opened(name: str) -> int | None:
    """The lock's file; None, with a line, where there can be none."""
    folder = Path(os.environ.get(FOLDER_VARIABLE) or FOLDER)
    path = folder / name
    try:
        if not folder.is_dir():
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o1777)
        if path.exists():  # another user's may be opened, but not made again (fs.protected_regular)
            return os.open(
                path, (os.O_RDWR if os.access(path, os.W_OK) else os.O_RDONLY) | os.O_NOFOLLOW
            )
        place = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, EVERYONE)
        os.fchmod(place, EVERYONE)  # whatever the umask
    except OSError as error:
        announce(
            f"{path}: no lock ({error.strerror}); nothing keeps others from timing at the same time"
        )
        return None
    return place


def _sign(place: int, title: str) -> None:
    """Tell those who wait who has it."""
    now = datetime.datetime.now().astimezone()
    text = f"{title} (process {os.getpid()}, since {now:%H:%M:%S}, in {Path.cwd()})"
    with contextlib.suppress(OSError):  # another user's file: the lock holds all the same
        os.ftruncate(place, 0)
        os.pwrite(place, text.encode(errors="surrogateescape"), 0)


def _holder(place: int) -> str:
    return os.pread(place, 1000, 0).decode("utf-8", "replace") or "another process"
