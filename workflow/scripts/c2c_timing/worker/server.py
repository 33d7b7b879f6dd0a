"""The worker's side: take commands one after the other, do each in a child or in place."""

from __future__ import annotations

import contextlib
import fcntl
import gc
import os
import select
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..exits import exits_cleanly
from .place import OWNER_VARIABLE, Place
from .wire import Request, receive_request, receive_signal, send_code

IDLE_SECONDS = 60.0
# From asking a child whose command is gone to end, to ending it.
GRACE_SECONDS = 10.0


@dataclass(frozen=True)
class Job:
    """A command that is ready to run.

    Attributes:
        run: does it, and returns the exit code.
        in_child: in a process of its own, which begins as this one is now.
        afterwards: what this one does once the command has its answer: later children begin with it.
    """

    run: Callable[[], int]
    in_child: bool
    afterwards: Callable[[], object] = bool


# A command's arguments to what is left to do once all is imported and loaded.
Begin = Callable[[list[str]], Job]


def serve(place: Place, begin: Begin, idle_seconds: float = IDLE_SECONDS) -> None:
    """Take commands until nobody asks any more, the owner has ended, or somebody says so."""
    with place.lock.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:  # another one listens
            return
        listener = place.bind()
        try:
            _take_all(listener, begin, idle_seconds)
        finally:
            place.clear()


def _take_all(listener: socket.socket, begin: Begin, idle_seconds: float) -> None:
    owner = None
    while True:
        waited_for: list[Any] = [listener] if owner is None else [listener, owner]
        ready, _, _ = select.select(waited_for, [], [], idle_seconds)
        if listener not in ready:
            return
        connection, _ = listener.accept()
        with connection:
            try:
                request = receive_request(connection)
            except (EOFError, OSError, ValueError):
                continue
            if request.words is None:
                return
            owner = _owner(request) or owner
            if not _take(connection, request, begin):
                return


def _take(connection: socket.socket, request: Request, begin: Begin) -> bool:
    """Do one command, and tell how it ended; whether the worker is as good as before."""
    job: Job | None = None

    @exits_cleanly
    def load() -> None:
        nonlocal job
        job = begin(request.words or [])

    with _borrowed(request):
        with _relayed(connection):
            code = _guarded(load)
            if job and not job.in_child:
                code = _guarded(job.run)
        if job and job.in_child:
            code = _run_in_child(connection, job.run)
    with contextlib.suppress(OSError):  # the command is gone
        send_code(connection, code)
    if job and job.in_child:
        with contextlib.suppress(Exception):  # only time is lost
            job.afterwards()
    return code == 0 or job is None or job.in_child


def _guarded(run: Callable[[], int]) -> int:
    """The exit code; of a fault of ours, with its traceback, as Python itself ends."""
    try:
        return run()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
    except BaseException:
        traceback.print_exc()
        return 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


def _run_in_child(connection: socket.socket, run: Callable[[], int]) -> int:
    gc.collect()
    gc.freeze()  # a collection in the child would copy every page that is shared
    child = os.fork()
    if not child:
        try:
            _die_with(os.getppid())
            connection.close()
            code = _guarded(run)
        finally:
            os._exit(code)
    place = os.pidfd_open(child)
    try:
        _watch(connection, place)
    finally:
        os.close(place)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


def _watch(connection: socket.socket, child: int) -> None:
    """Pass signals on until the child has ended; without its command it has to."""
    until = None
    while True:
        seconds = None if until is None else max(0.0, until - time.monotonic())
        waited_for: list[Any] = [child] if until else [child, connection]
        ready, _, _ = select.select(waited_for, [], [], seconds)
        if child in ready:
            return
        if not ready:
            signal.pidfd_send_signal(child, signal.SIGKILL)
            until = None
            continue
        number = receive_signal(connection)
        if number is None:
            until = time.monotonic() + GRACE_SECONDS
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(child, number or signal.SIGTERM)


@contextlib.contextmanager
def _relayed(connection: socket.socket) -> Iterator[None]:
    """Within the block this process gets the signals that the command gets."""
    stop, stopped = os.pipe()

    def relay() -> None:
        while True:
            both: list[Any] = [connection, stop]
            ready, _, _ = select.select(both, [], [])
            if stop in ready:
                return
            number = receive_signal(connection)
            os.kill(os.getpid(), number or signal.SIGTERM)
            if number is None:
                return

    thread = threading.Thread(target=relay, daemon=True)
    thread.start()
    try:
        yield
    finally:
        os.close(stopped)
        thread.join()
        os.close(stop)


@contextlib.contextmanager
def _borrowed(request: Request) -> Iterator[None]:
    """Within the block this process has the command's streams, folder and environment."""
    own = [os.dup(number) for number in range(len(request.streams))]
    environment, folder = dict(os.environ), Path.cwd()
    try:
        for number, stream in enumerate(request.streams):
            os.dup2(stream, number)
            os.close(stream)
        os.environ.clear()
        os.environ.update(request.environment)
        os.chdir(request.folder)
        yield
    finally:
        for number, stream in enumerate(own):
            os.dup2(stream, number)
            os.close(stream)
        os.environ.clear()
        os.environ.update(environment)
        os.chdir(folder)


def _owner(request: Request) -> int | None:
    """A descriptor that is ready once the command's owner has ended."""
    number = request.environment.get(OWNER_VARIABLE, "")
    if not number.isdecimal():
        return None
    try:
        return os.pidfd_open(int(number))
    except OSError:
        return None


def _die_with(parent: int) -> None:
    """Let the kernel end this process when its parent ends (prctl(2), PR_SET_PDEATHSIG)."""
    import ctypes

    ctypes.CDLL(None).prctl(1, signal.SIGKILL)
    if os.getppid() != parent:  # it ended in between
        os._exit(1)
