"""What whole runs of the pipeline take: the default, and every subject of every data set."""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from c2c_timing.places import PROJECT

from .figure import Figure

SWEEP = ["--configfile", "configs/full_sweep.yaml"]
CLOSING = re.compile(r"^time: .*: ([0-9.]+) times the ", re.MULTILINE)


def default_run(folder: Path, arguments: argparse.Namespace) -> Iterator[Figure]:
    """``snakemake all`` with the default config, from nothing."""
    yield from _run(folder / "default-run", "default run", arguments.cores)


def full_sweep(folder: Path, arguments: argparse.Namespace) -> Iterator[Figure]:
    """``snakemake all`` of all built-in subjects, from nothing."""
    yield from _run(folder / "full-sweep", "built-in sweep", arguments.cores, *SWEEP)


def _run(project: Path, what: str, cores: int, *words: str) -> Iterator[Figure]:
    ignored = shutil.ignore_patterns("__pycache__", ".*", "results", "tests")
    shutil.copytree(PROJECT, project, ignore=ignored, dirs_exist_ok=True)
    began = time.time()
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", "--cores", str(cores), "all", *words],
        cwd=project, capture_output=True, text=True, check=False,
    )  # fmt: skip
    wall = time.time() - began
    if done.returncode:
        raise RuntimeError(f"{what} failed: {done.stderr[-2000:]}")
    shards = len(list(project.glob("results/timings/*/*_timing.jsonl")))
    yield Figure("runs", what, f"{shards} shards", wall, "s")
    told = CLOSING.search(done.stderr)
    if told:
        yield Figure(
            "runs", f"{what}, over its requests", f"{shards} shards", float(told[1]), "ratio"
        )
