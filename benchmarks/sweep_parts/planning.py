"""What planning takes: a dry run of many shards, none of them made yet and all of them made."""

from __future__ import annotations

import argparse
import json
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from c2c_timing.places import PROJECT

from .figure import Figure, cost_of

PAIRS = ["tiny", "qwen3-0.6b_qwen2.5-0.5b"]
SUBJECTS = 250
TIMED = Path(__file__).with_name("timed_planning.py")
PRETENDED = Path(__file__).with_name("pretended_run.py")
CARD = """title: Invented
hub: {{id: none/{name}, split: test}}
columns: {{problem: question}}
answer: {{column: answer, rule: none}}
max_new_tokens: 8
prompt: '{{% include "math.jinja" %}}'
subjects:
"""


def planning(folder: Path, arguments: argparse.Namespace) -> Iterator[Figure]:
    """Dry runs at each number of shards: Snakemake's whole time, and this project's part of it.

    Of a finished sweep with each of the two places where Snakemake keeps its records.
    """
    for shards in arguments.shards:
        project = folder / f"{shards}-shards"
        if not project.exists():
            _invent(project, shards)
        shutil.rmtree(project / "results", ignore_errors=True)
        yield from _dry_run(project, f"{shards} shards, nothing made")
        for backend in ("file", "db"):
            words: tuple[str, ...] = ("--persistence-backend", backend)
            size = f"{shards} shards, all made, records in {backend}"
            shutil.rmtree(project / ".snakemake")
            cost_of(_snakemake(PRETENDED, *words, "--forceall"), project)
            yield from _records(project, size)
            yield from _dry_run(project, size, *words)
            # A result hangs on no more than what its records say.
            words = (*words, "--config", "seed=1")
            yield from _dry_run(project, f"{size}, another seed", *words)


def _dry_run(project: Path, size: str, *words: str) -> Iterator[Figure]:
    cost = cost_of(_snakemake(TIMED, *words), project)
    own = json.loads((project / "own_seconds.json").read_text())
    yield from cost.figures("plan", "dry run", size)
    yield Figure("plan", "jobs to run", size, _jobs(cost.output), "jobs")
    yield Figure("plan", "this project's part of it", size, sum(own.values()), "s")
    for name, seconds in sorted(own.items(), key=lambda item: -item[1])[:4]:
        yield Figure("plan", f"  {name}", size, seconds, "s")


def _snakemake(script: Path, *words: str) -> list[str | Path]:
    flags = ["--dry-run", "--quiet", "rules", "--cores", "2", "--configfile", "many.yaml"]
    return [sys.executable, script, *flags, *words]


def _jobs(output: str) -> int:
    """The last line of Snakemake's table of jobs; none where there is nothing to do."""
    total = re.search(r"^total +(\d+)$", output, re.MULTILINE)
    return int(total[1]) if total else 0


def _records(project: Path, size: str) -> Iterator[Figure]:
    """What keeping records takes: for a job, and on the disk."""
    spent = json.loads((project / "recording_seconds.json").read_text())
    for kind in ("wall", "processor"):
        yield Figure(
            "plan", f"recording a job, {kind} time", size, spent[kind] / spent["jobs"] * 1e3, "ms"
        )
    files = [path for path in (project / ".snakemake").rglob("*") if path.is_file()]
    blocks = sum(path.stat().st_blocks for path in files)
    yield Figure("plan", "records on the disk", size, blocks * 512 / 1e6, "MB")
    yield Figure("plan", "records on the disk", size, len(files), "files")


def _invent(project: Path, shards: int) -> None:
    """A copy of the project with cards of invented data sets: so many that there are enough shards."""
    ignored = shutil.ignore_patterns(
        "__pycache__", ".*", "results", "tests", "benchmarks", "docs", "*.jsonl"
    )
    shutil.copytree(PROJECT, project, ignore=ignored)
    subjects: dict[str, list[str]] = {}
    left = -(-shards // len(PAIRS))
    while left > 0:
        name = f"invented{len(subjects):03}"
        subjects[name] = [f"s{number:03}" for number in range(min(left, SUBJECTS))]
        left -= SUBJECTS
        own = project / "workflow" / "samples" / name
        own.mkdir()
        for subject in subjects[name]:
            (own / f"{subject}.jsonl").write_text('{"question": "1 + 1?", "answer": "2"}\n')
        card = CARD.format(name=name) + "".join(f"  {each}: {{}}\n" for each in subjects[name])
        (project / "workflow" / "datasets" / f"{name}.yaml").write_text(card)
    config = {"pairs": PAIRS, "datasets": list(subjects), "weights": "dummy", "self_test": False}
    (project / "many.yaml").write_text(json.dumps(config))
