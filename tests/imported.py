"""What Python imports; for a process that has imported nothing of the library yet."""

from __future__ import annotations

import importlib
import sys


def tell_imported(*modules: str) -> None:
    """Print the files of the library that Python has read when these modules are there."""
    for name in modules:
        importlib.import_module(name)
    files = (m.__file__ for n, m in sys.modules.items() if n.split(".")[0] == "c2c_timing")
    print(*files, sep="\n")
