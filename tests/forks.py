"""Processes that need not import for long: forks of one that has imported what all of them want."""

from __future__ import annotations

import functools
import multiprocessing
import os
import pickle
import runpy
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from multiprocessing import forkserver
from pathlib import Path
from typing import Any

import pytest
from patience import PATIENCE

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["preloaded"])


@functools.cache
def server() -> None:
    """Start the process that forks; without a path to this folder it would pass over what it preloads."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(Path(__file__).parent), prepend=os.pathsep)
        forkserver.ensure_running()


class Fork:
    """A call of a function in a process of its own; what it says is kept.

    Attributes:
        pid: the process.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        *arguments: Any,
        cwd: Path | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="c2c-timing-fork-")
        self._said = [Path(self._folder.name) / name for name in ("out", "err")]
        for path in self._said:
            path.touch()
        self._process = FORKS.Process(
            target=_in_a_fork,
            args=(
                self._said,
                str(cwd or Path.cwd()),
                dict(os.environ if environment is None else environment),
                pickle.dumps((function, arguments)),
            ),
        )
        server()
        self._process.start()
        self.pid = self._process.pid

    @property
    def returncode(self) -> int | None:
        """As ``subprocess`` tells it."""
        return self._process.exitcode

    def poll(self) -> int | None:
        return self.returncode

    def send_signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def kill(self) -> None:
        self._process.kill()

    def communicate(self) -> tuple[str, str]:
        """Wait for its end; what it wrote to its streams."""
        self._process.join(PATIENCE)
        assert self.returncode is not None, "it does not end"
        out, err = (path.read_text() for path in self._said)
        return out, err


def command(
    script: Path, *flags: Any, cwd: Path, environment: Mapping[str, str] | None = None
) -> Fork:
    """A script begun with flags, as Python runs a file."""
    words = [str(script), *map(str, flags)]
    return Fork(_run_file, words, cwd=cwd, environment=environment)


def _run_file(words: Sequence[str]) -> None:
    sys.argv = list(words)
    sys.path.insert(0, str(Path(words[0]).parent))
    runpy.run_path(words[0], run_name="__main__")


def _in_a_fork(
    streams: Sequence[Path], cwd: str, environment: Mapping[str, str], call: bytes
) -> None:
    for stream, path in enumerate(streams, start=1):
        with path.open("w") as said:
            os.dup2(said.fileno(), stream)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(cwd)
    function, arguments = pickle.loads(call)  # imports what reads the environment
    function(*arguments)
