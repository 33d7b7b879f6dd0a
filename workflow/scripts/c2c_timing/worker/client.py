"""The command's side: ask a worker to do the work, start one where there is none."""

from __future__ import annotations

import argparse
import contextlib
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

from ..interrupts import Interrupted
from ..places import SCRIPTS, user_path
from ..progress import say
from .place import WORKER_VARIABLE, Place, place_in
from .wire import Request, receive_code, send_request, send_signal, wait_until_taken

COMMAND = SCRIPTS / "timing_worker.py"
# A worker that begins imports nothing before it listens.
START_SECONDS = 60.0
# Of meeting a worker that is about to end.
MOST_TRIES = 20
# Until another command's worker, which was faster, listens.
FASTER_SECONDS = 5.0


def add_worker_argument(flags: argparse.ArgumentParser) -> None:
    """``--worker``, which ``ask_if_told`` reads ahead of all other flags."""
    flags.add_argument(
        "--worker",
        type=user_path,
        default=os.environ.get(WORKER_VARIABLE),
        help="folder of a process that keeps the pair loaded from call to call; started where there "
        f"is none (default: ${WORKER_VARIABLE}, else no such process)",
    )


def ask_if_told(words: list[str]) -> int | None:
    """``ask`` the worker of the folder that ``--worker`` or the environment names; None where none does."""
    told = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    add_worker_argument(told)
    told.add_argument("--processes", type=int, default=1)
    try:
        found = told.parse_known_args(words)[0]
    except argparse.ArgumentError:  # the command's own flags will say so
        return None
    # Processes that are to be fresh share nothing with a warm one.
    folder = found.worker if found.processes == 1 else None
    wants_help = not {"-h", "--help"}.isdisjoint(words)
    return ask(folder, words) if folder and not wants_help else None


def ask(folder: Path, words: list[str]) -> int | None:
    """Let the worker of a folder do what a command was asked for.

    Args:
        words: the command's arguments.

    Returns:
        The exit code; None where the command has to do the work itself: there can be no worker here,
        or it died.
    """
    if not sys.platform.startswith("linux"):
        return None
    try:
        place = place_in(folder)
        for _ in range(MOST_TRIES):
            connection = place.connect() or _started(place)
            if connection is None:
                break
            with connection, contextlib.suppress(EOFError, ConnectionError):  # it has just ended
                send_request(connection, Request.of_this_process(words))
                wait_until_taken(connection)  # a signal ends the wait: nothing has begun
                return _answer(connection)
            time.sleep(0.05)
        _say_alone(f"no worker could be started (see {place.log})")
    except OSError as error:
        _say_alone(f"{folder}: no place for a worker ({error.strerror or error})")
    return None


def _answer(connection: socket.socket) -> int | None:
    """The exit code of a request that was taken; None where the worker died."""
    told = None
    while True:
        try:
            return receive_code(connection)
        except Interrupted as signal:
            if told:  # once more: no more patience
                raise
            told = signal.number
            with contextlib.suppress(OSError):
                send_signal(connection, told)
        except (EOFError, OSError):
            if told:  # it shall end, not begin again
                raise Interrupted(told) from None
            _say_alone("the worker died")
            return None


def _say_alone(why: str) -> None:
    say(f"{why}; this shard is timed without it")


def _started(place: Place) -> socket.socket | None:
    """A connection to a new worker; those that stand for something else are asked to end."""
    for other in place.others():
        _end(other)
    with place.log.open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, COMMAND, "--folder", place.folder, "--key", place.key],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    until, has_ended = time.monotonic() + START_SECONDS, False
    while time.monotonic() < until:
        if connection := place.connect():
            return connection
        code = process.poll()
        if code:
            return None
        if code == 0 and not has_ended:  # another one was faster: it listens, or has just ended
            until, has_ended = time.monotonic() + FASTER_SECONDS, True
        time.sleep(0.01)
    return None


def _end(place: Place) -> None:
    """Of a worker that this command may not use."""
    connection = place.connect()
    if connection is None:
        place.clear_if_dead()
        return
    with connection, contextlib.suppress(OSError):  # it may end just now
        send_request(connection, Request(None, "", {}))
