"""A worker whose commands are small, for ``toy_command``: no models, a chosen idle time."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

from c2c_timing.errors import UserError
from c2c_timing.exits import exits_cleanly
from c2c_timing.worker import server
from c2c_timing.worker.place import Place
from c2c_timing.worker.server import Job, serve

TAKEN = []


@exits_cleanly
def tell(*words):
    print(os.getpid(), len(TAKEN), Path.cwd(), os.environ.get("TOY", ""), *words)
    return 0


@exits_cleanly
def fail(*words):
    raise UserError("nothing can be done")


@exits_cleanly
def wait(path):
    Path(path).write_text(str(os.getpid()))
    time.sleep(7200)


def die(path):
    Path(path).write_text(str(os.getpid()))
    os.kill(os.getpid(), signal.SIGKILL)


def stumble():
    raise ZeroDivisionError("a fault of ours")


def ignore(path):
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    Path(path).write_text(str(os.getpid()))
    time.sleep(7200)


WHAT = {"ignore": ignore, "tell": tell, "fail": fail, "wait": wait, "die": die, "stumble": stumble}


def begin(words):
    kind, what, *others = words
    if what == "unloadable":
        raise UserError("cannot be loaded")
    TAKEN.append(what)
    return Job(lambda: WHAT[what](*others), in_child=kind == "child")


if __name__ == "__main__":
    _, folder, _, key = sys.argv[1:]
    server.GRACE_SECONDS = 0.5
    serve(Place(Path(folder), key), begin, float(os.environ.get("TOY_IDLE", "60")))
