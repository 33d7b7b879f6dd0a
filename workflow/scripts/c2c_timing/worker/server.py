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
from ..interrupts import Interrupted, die_with, signals_interrupt
from ..progress import say
from .place import OWNER_VARIABLE, Place
from .wire import Request, receive_request, receive_signal, send_code, send_taken

IDLE_SECONDS = 60.0
# From asking work whose command is gone to end, to ending its process.
GRACE_SECONDS = 10.0


@dataclass(frozen=True)
class Job:
    """A command that is ready to run.

    Attributes:
        run: does it, and returns the exit code.
        in_child: in a process of its own, which begins as this one is now.
        is_last: this process is not what it was afterwards, and takes no other.
        afterwards: what this one does once the command has its answer: later children begin with it.
    """

    run: Callable[[], int]
    in_child: bool
    is_last: bool = False
    afterwards: Callable[[], object] = bool


# A command's arguments to what is left to do once all is imported and loaded.
Begin = Callable[[list[str]], Job]


def serve(place: Place, begin: Begin, idle_seconds: float = IDLE_SECONDS) -> None:
    """Take commands until nobody asks any more, the owner has ended, or somebody says so."""
    with place.lock.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:  # another one listens
            return
        listener = place.bind()
        try:
            _take_all(listener, begin, idle_seconds)
        finally:  # as long as the lock is held: what lies there is this one's
            place.clear()


def _take_all(listener: socket.socket, begin: Begin, idle_seconds: float) -> None:
    owner = _Owner()
    while True:
        waited_for: list[Any] = [listener, *owner.descriptors]
        ready, _, _ = select.select(waited_for, [], [], idle_seconds)
        if listener not in ready:
            return
        connection, _ = listener.accept()
        with connection:
            request = _received(connection)
            if request is None:
                continue
            if request.words is None:
                return
            owner.is_told_by(request)
            if not _take(connection, request, begin):
                return


def _received(connection: socket.socket) -> Request | None:
    """A request whose command still waits for it."""
    try:
        request = receive_request(connection)
    except (EOFError, OSError, ValueError):
        return None
    try:
        send_taken(connection)
    except OSError:  # who asked is gone
        if request.words is not None:
            for stream in request.streams:
                os.close(stream)
            return None
    return request


def _take(connection: socket.socket, request: Request, begin: Begin) -> bool:
    """Do one command, and tell how it ended; whether the worker is as good as before."""
    job: Job | None = None

    @exits_cleanly
    def load() -> None:
        nonlocal job
        job = begin(request.words or [])

    is_sound = True
    with _borrowed(request):
        try:
            with signals_interrupt(), _relayed(connection):
                code, is_sound = _guarded(load)
                if job and not job.in_child:
                    code, is_sound = _guarded(job.run)
        except Interrupted as signal_:  # between the two
            say(f"interrupted by {signal_.name}")
            code, job = signal_.exit_code, None
        if job and job.in_child:
            code = _run_in_child(connection, job.run)
    with contextlib.suppress(OSError):  # the command is gone
        send_code(connection, code)
    if job and job.in_child:
        try:
            job.afterwards()
        except Exception:  # into the worker's log; a child that needs it will tell its command
            traceback.print_exc()
    if job is None or job.in_child:
        return is_sound
    return code == 0 and not job.is_last


def _guarded(run: Callable[[], int]) -> tuple[int, bool]:
    """The exit code, and whether this process is as good as before.

    A fault of ours shows its traceback, as where Python itself ends.
    """
    try:
        return run(), True
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1, True
    except Interrupted:
        raise
    except BaseException:
        traceback.print_exc()
        return 1, False
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


def _run_in_child(connection: socket.socket, run: Callable[[], int]) -> int:
    gc.collect()
    gc.freeze()  # a collection in the child would copy every page that is shared
    parent = os.getpid()
    child = os.fork()
    if not child:
        code = 1
        try:
            die_with(parent)
            connection.close()
            code, _ = _guarded(run)
        finally:  # whatever happens: nothing of the parent's goes on here
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
            if number is None:  # whoever waits for a device that hangs is not waited for
                if not select.select([stop], [], [], GRACE_SECONDS)[0]:
                    os._exit(1)
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


class _Owner:
    """The process whose end is the worker's, too, as the last command named it."""

    def __init__(self) -> None:
        self._number = ""
        self.descriptors: list[int] = []  # ready once it has ended

    def is_told_by(self, request: Request) -> None:
        number = request.environment.get(OWNER_VARIABLE, "")
        if not number.isdecimal() or number == self._number:
            return
        while self.descriptors:
            os.close(self.descriptors.pop())
        self._number = number
        with contextlib.suppress(OSError):
            self.descriptors.append(os.pidfd_open(int(number)))
