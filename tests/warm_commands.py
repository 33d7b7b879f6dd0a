"""A process that has imported what the commands import: each command runs in a fork of it.

Starting Python and importing torch takes longer than what most commands of the documentation do.
Started as a script it reads one command a line (JSON) and answers each with its exit code.
"""

from __future__ import annotations

import importlib
import json
import os
import runpy
import subprocess
import sys
from pathlib import Path

# Of others than the project, and slow to import.
IMPORTED = (
    "datasets",
    "duckdb",
    "math_verify",
    "matplotlib.pyplot",
    "pandas",
    "scipy.stats",
    "snakemake.cli",
    "torch._dynamo",
    "torch.profiler",
    "transformers.models.auto.modeling_auto",
    "transformers.models.auto.tokenization_auto",
    "transformers.models.qwen3.modeling_qwen3",
)


class WarmCommands:
    """Runs Python scripts, and snakemake, as a shell would."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def run(self, words: list[str], folder: Path, log: Path) -> int:
        """The exit code; what the command says goes to the end of ``log``."""
        order = {"words": words, "folder": str(folder), "log": str(log)}
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def close(self) -> None:
        self._process.stdin.close()
        self._process.wait()


def _serve() -> None:
    for module in IMPORTED:
        importlib.import_module(module)
    for line in sys.stdin:
        child = os.fork()
        if not child:
            _run(**json.loads(line))
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


def _run(words: list[str], folder: str, log: str) -> None:
    said = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for own, stream in ((nothing, 0), (said, 1), (said, 2)):
        os.dup2(own, stream)
    os.chdir(folder)
    sys.argv = list(words)
    code = 1
    try:
        if words[0] == "snakemake":
            from snakemake.cli import main

            main(words[1:])
        else:
            sys.path[0] = str(Path(words[0]).resolve().parent)
            runpy.run_path(words[0], run_name="__main__")
        code = 0
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
        if isinstance(ended.code, str):
            print(ended.code, file=sys.stderr)
    except BaseException as error:
        sys.excepthook(type(error), error, error.__traceback__)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    _serve()
