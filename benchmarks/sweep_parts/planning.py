"""What planning takes: a dry run of many shards, none of them made yet and all of them made."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from c2c_timing.places import PROJECT

from .figure import Figure, cost_of

PAIRS = ["tiny", "qwen3-0.6b_qwen2.5-0.5b"]
SUBJECTS = 250
TIMED = Path(__file__).with_name("timed_planning.py")
CARD = """title: Invented
hub: {{id: none/{name}, split: test}}
columns: {{problem: question}}
answer: {{column: answer, rule: none}}
max_new_tokens: 8
prompt: '{{% include "math.jinja" %}}'
subjects:
"""


def planning(folder: Path, arguments: argparse.Namespace) -> Iterator[Figure]:
    """Dry runs at each number of shards: Snakemake's whole time, and this project's part of it."""
    for shards in arguments.shards:
        project = folder / f"{shards}-shards"
        if not project.exists():
            _invent(project, shards)
        yield from _dry_run(project, "nothing made", shards)


def _dry_run(project: Path, state: str, shards: int, *words: str) -> Iterator[Figure]:
    size = f"{shards} shards, {state}"
    command: list[str | Path] = [sys.executable, TIMED, "--dry-run", "--quiet", "all", "--cores", "2",
               "--configfile", "many.yaml", *words]  # fmt: skip
    cost = cost_of(command, project)
    own = json.loads((project / "own_seconds.json").read_text())
    yield from cost.figures("plan", "dry run", size)
    yield Figure("plan", "this project's part of it", size, sum(own.values()), "s")
    for name, seconds in sorted(own.items(), key=lambda item: -item[1])[:4]:
        yield Figure("plan", f"  {name}", size, seconds, "s")


def _invent(project: Path, shards: int) -> None:
    """A copy of the project with cards of invented data sets: so many that there are enough shards."""
    ignored = shutil.ignore_patterns(
        "__pycache__", ".*", "results", "tests", "benchmarks", "docs", "*.jsonl"
    )
    shutil.copytree(PROJECT, project, ignore=ignored)
    (project / "results").mkdir()
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
