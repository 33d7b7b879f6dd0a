"""The command's side: ask a worker to do the work, start one where there is none."""

from __future__ import annotations

import argparse
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
from .wire import Request, receive_code, send_request, send_signal

COMMAND = SCRIPTS / "timing_worker.py"
# A worker that begins imports nothing before it listens.
START_SECONDS = 60.0


def ask_if_told(words: list[str]) -> int | None:
    """``ask`` the worker of the folder that ``--worker`` or the environment names; None where none does."""
    told = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    told.add_argument("--worker", type=user_path, default=os.environ.get(WORKER_VARIABLE))
    try:
        folder = told.parse_known_args(words)[0].worker
    except argparse.ArgumentError:  # the command's own flags will say so
        return None
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
    except OSError as error:
        _say_alone(f"{folder}: no place for a worker ({error.strerror or error})")
        return None
    connection = place.connect() or _started(place)
    if connection is None:
        _say_alone(f"no worker could be started (see {place.log})")
        return None
    with connection:
        try:
            send_request(connection, Request.of_this_process(words))
        except (OSError, ValueError):  # it has just ended; or these are no streams of a process
            return None
        while True:
            try:
                return receive_code(connection)
            except Interrupted as signal:
                _relay(connection, signal.number)
            except (EOFError, OSError):
                _say_alone("the worker died")
                return None


def _say_alone(why: str) -> None:
    say(f"{why}; this shard is timed without it")


def _relay(connection: socket.socket, number: int) -> None:
    try:
        send_signal(connection, number)
    except OSError:
        raise Interrupted(number) from None


def _started(place: Place) -> socket.socket | None:
    """A connection to a new worker; those that stand for something else are asked to end."""
    for other in place.others():
        _end(other)
    with place.log.open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, COMMAND, "--folder", place.folder, "--key", place.key],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        if connection := place.connect():
            return connection
        if process.poll():  # 0: another one was faster
            return None
        time.sleep(0.01)
    return None


def _end(place: Place) -> None:
    """Of a worker that this command may not use."""
    if connection := place.connect():
        with connection:
            send_request(connection, Request(None, "", {}))
    else:
        place.clear()  # it was killed
