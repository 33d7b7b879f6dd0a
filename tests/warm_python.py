"""A ``python`` and a ``snakemake`` that need not import for long: what they run, runs in a fork.

Starting Python and importing torch or pandas takes longer than what most commands do on the tiny
pair. Whoever finds these two on their PATH, as a shell or a rule does, runs the same command lines.
A server has imported what commands import of others than the project, with the environment of the
tests: who tests the Hub's variables needs a Python of their own.
"""

from __future__ import annotations

import atexit
import functools
import importlib
import json
import multiprocessing
import os
import runpy
import select
import signal
import socket
import sys
import tempfile
import threading
import time
import traceback
from pathlib import Path

from forks import Fork
from imports_kept import imports_kept

# Beside what forks have anyway (``preloaded``).
IMPORTED = (
    "datasets",
    "math_verify",
    "matplotlib.pyplot",
    "scipy.stats",
    "torch.profiler",
    "transformers.models.auto.modeling_auto",
    "transformers.models.auto.tokenization_auto",
    "transformers.models.qwen3.modeling_qwen3",
)
FORKS_OF_THIS = multiprocessing.get_context("fork")
# Hands its streams, words, folder and environment over. It ends as the fork does; killed, it takes the
# fork with it.
# What asks for more than to run Snakemake or a file of the project (-c, a file of a package) gets the
# true program. One of several processes of a command ends with the command (``die_with``): here its
# client does, and it with its client.
CLIENT = """#!{python} -IS
import json, os, socket, sys
name, words = {name!r}, sys.argv[1:]
if name == "python" and words[:2] == ["-m", "snakemake"]:
    name, words = "snakemake", words[2:]
if name == "python" and (not words or words[0].startswith(("-", {prefix!r}))):
    os.execv({python!r}, [{python!r}, *words])
if os.environ.pop("C2C_TIMING_PARENT", None):
    import ctypes
    ctypes.CDLL(None).prctl(1, 9)
order = [name, words, os.getcwd(), dict(os.environ)]
with socket.socket(socket.AF_UNIX) as server:
    server.connect({place!r})
    socket.send_fds(server, [b"."], [0, 1, 2])
    server.sendall(json.dumps(order).encode())
    server.shutdown(socket.SHUT_WR)
    code = server.recv(1)
sys.exit(code[0] if code else 1)
"""


class WarmPython:
    """The two programs, as long as this process lives.

    Attributes:
        bin: their folder.
    """

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="c2c-timing-warm-")
        self.bin = Path(self._folder.name) / "bin"
        self.bin.mkdir()
        place = str(Path(self._folder.name) / "server")
        for name in ("python", "snakemake"):
            text = CLIENT.format(name=name, python=sys.executable, prefix=sys.prefix, place=place)
            (self.bin / name).write_text(text)
            (self.bin / name).chmod(0o755)
        self._server = Fork(_serve, place, str(self.bin / "python"))
        # The server ends when this connection does.
        self._life = socket.socket(socket.AF_UNIX)
        while self._life.connect_ex(place):
            assert self._server.poll() is None, self._server.communicate()
            time.sleep(0.02)
        atexit.register(self._life.close)  # else it would be waited for


@functools.cache
def warm_python() -> WarmPython:
    """The one of this process."""
    return WarmPython()


def _serve(place: str, python: str) -> None:
    with imports_kept():
        for module in IMPORTED:
            importlib.import_module(module)
    sys.executable = python  # whom they start is warm, too
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(f"{place}.new")
    listener.listen()
    Path(f"{place}.new").rename(place)
    life, _ = listener.accept()
    while True:
        ready, _, _ = select.select([listener, life], [], [])
        if life in ready:
            return
        connection, _ = listener.accept()
        multiprocessing.active_children()  # asks after those that have ended
        with connection:
            FORKS_OF_THIS.Process(target=_answer, args=(connection,)).start()


def _answer(connection: socket.socket) -> None:
    code, has_ended = 1, threading.Event()
    try:
        _, streams, _, _ = socket.recv_fds(connection, 1, 3)
        with connection.makefile("rb") as told:
            name, words, folder, environment = json.load(told)
        os.setpgid(0, 0)
        threading.Thread(target=_end_with_client, args=(connection, has_ended), daemon=True).start()
        for stream, given in enumerate(streams):
            os.dup2(given, stream)
            os.close(given)
        sys.stdin = open(0, closefd=False)  # noqa: SIM115
        os.environ.clear()
        os.environ.update(environment)
        os.chdir(folder)
        code = _run(name, words)
    except BaseException:
        traceback.print_exc()
    finally:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        has_ended.set()
        connection.sendall(bytes([code % 256]))


def _end_with_client(connection: socket.socket, has_ended: threading.Event) -> None:
    """Whoever kills the client means what runs for it."""
    hung_up = select.poll()
    hung_up.register(connection, 0)  # POLLHUP is always told: both its directions are closed
    hung_up.poll()
    if not has_ended.is_set():
        os.killpg(0, signal.SIGKILL)


def _run(name: str, words: list[str]) -> int:
    """The exit code of a command, as Python gives it."""
    try:
        if name == "python":
            sys.argv = list(words)
            sys.path.insert(0, str(Path(words[0]).resolve().parent))
            runpy.run_path(words[0], run_name="__main__")
        else:
            from snakemake.cli import main

            main(words)
    except SystemExit as ended:
        if isinstance(ended.code, str):
            print(ended.code, file=sys.stderr)
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    return 0
