"""Asks math-verify, in a process beside this one that is limited in time and memory."""

from __future__ import annotations

import atexit
import functools
import json
import subprocess
import sys
from pathlib import Path

from ...errors import UserError
from . import worker

_running: subprocess.Popen[str] | None = None


@functools.lru_cache(maxsize=4096)
def same_mathematics(gold: str, readings: tuple[str, ...]) -> bool | None:
    """Whether one of the readings, in LaTeX without dollar signs, has the value of the right answer.

    Returns:
        None where the right answer is no mathematics, or a comparison took more than
        ``worker.SECONDS`` or ``worker.BYTES``.

    Raises:
        UserError: math-verify cannot be imported.
    """
    process = _worker()
    assert process.stdin and process.stdout
    try:
        process.stdin.write(json.dumps([gold, readings]) + "\n")
        process.stdin.flush()
        reply = process.stdout.readline()
    except BrokenPipeError:
        reply = ""
    except BaseException:  # a signal: its reply must not be read as the next one's
        _close()
        raise
    if not reply:
        _close()
        return None
    return json.loads(reply)


def _worker() -> subprocess.Popen[str]:
    global _running
    if _running is None or _running.poll() is not None:
        _close()
        _running = subprocess.Popen(
            [sys.executable, "-P", str(Path(worker.__file__))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
            start_new_session=True,  # Ctrl-C is for this process to heed
        )
        assert _running.stdout
        if not _running.stdout.readline():
            _close()
            raise UserError(
                "math-verify, which judges answers, cannot be imported; install what "
                "envs/requirements.lock names"
            )
    return _running


@atexit.register
def _close() -> None:
    global _running
    if _running is None:
        return
    process, _running = _running, None
    process.kill()
    process.communicate()
