"""Snakemake as its command, with a watch on what planning spends in this project's own modules."""

from __future__ import annotations

import functools
import importlib
import inspect
import json
import sys
import time
from pathlib import Path

from snakemake.cli import main

PLANNING = ("config", "failed_jobs", "inputs", "jobs", "missing", "shards", "targets")
SPENT: dict[str, float] = {}
WITHIN: list[str] = []


def watched(name, function):
    """The function; what is spent in it counts, unless another one called it."""

    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        if WITHIN:
            return function(*args, **kwargs)
        WITHIN.append(name)
        begun = time.process_time()
        try:
            return function(*args, **kwargs)
        finally:
            SPENT[name] = SPENT.get(name, 0.0) + time.process_time() - begun
            WITHIN.pop()

    return wrapper


def watch_planning() -> None:
    """Import the modules, and put a watch on all that the rules may call."""
    sys.path.insert(0, str(Path.cwd() / "workflow" / "scripts"))
    begun = time.process_time()
    modules = [importlib.import_module(f"c2c_timing.planning.{name}") for name in PLANNING]
    SPENT["imports"] = time.process_time() - begun
    for module in modules:
        for name, function in inspect.getmembers(module, inspect.isfunction):
            if function.__module__ == module.__name__ and not name.startswith("_"):
                setattr(module, name, watched(name, function))
    planned = importlib.import_module("c2c_timing.planning.shards").PlannedShard
    for name, each in inspect.getmembers(planned, lambda value: isinstance(value, property)):
        setattr(planned, name, property(watched(name, each.fget)))


if __name__ == "__main__":
    watch_planning()
    try:
        main()
    finally:
        Path("own_seconds.json").write_text(json.dumps(SPENT))
