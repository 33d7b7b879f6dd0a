"""Whole runs and dry runs of the pipeline, in a copy of the project."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml
from folders import ROOT
from forks import Fork
from patience import PATIENCE
from warm_python import warm_python

SMALL = {
    "datasets": ["gsm8k", "mmlu", "ai2-arc"],
    "subjects": {"mmlu": ["virology"], "ai2-arc": ["ARC-Easy"]},
    "num_samples": 2,
    "max_new_tokens": 3,
    "self_test": False,  # it takes longer than all of this; its own test says when it runs
}


def copy_project(folder: Path) -> Path:
    ignored = shutil.ignore_patterns(
        "__pycache__", ".venv", ".git", ".snakemake", "results", "tests", "*_cache", ".hypothesis"
    )
    shutil.copytree(ROOT, folder, ignore=ignored)
    (folder / "small.yaml").write_text(yaml.safe_dump(SMALL))
    return folder


def with_a_device(folder: Path) -> None:
    """Made-up limits of the device in results to which they are no matter: no job measures them."""
    # It imports the project's code; forks, which import this file, have that of the copy.
    from analysis.invented_floors import DEVICE

    results = folder / "results"
    results.mkdir(exist_ok=True)
    (results / "device.json").write_text(json.dumps(DEVICE))


def copy_finished(project: Path, folder: Path) -> Path:
    """A project with its results, for a test to damage: times of change are kept."""
    return Path(shutil.copytree(project, folder, copy_function=shutil.copy2))


def snakemake(project: Path, *words: str, configfile: str | None = "small.yaml") -> tuple[int, str]:
    """What ``snakemake`` ends with and says; its jobs are forks, as itself."""
    return _run(warm_python().bin, project, [*words, *_config(configfile)], {})


def snakemake_in_processes_of_their_own(
    project: Path, *words: str, configfile: str, **environment: str
) -> tuple[int, str]:
    """The same in the environment that is given, and as a user runs it."""
    own = Path(sys.executable).parent
    return _run(own, project, [*words, *_config(configfile)], environment)


def _run(
    programs: Path, project: Path, words: Sequence[str], environment: Mapping[str, str]
) -> tuple[int, str]:
    done = subprocess.run(
        [programs / "snakemake", "--cores", "2", *words], cwd=project, capture_output=True,
        text=True, check=False, timeout=PATIENCE, env={**os.environ, **environment},
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


PLANNED = "planned:"


def dry_run(project: Path, *words: str, configfile: str | None = "small.yaml") -> tuple[int, str]:
    """What ``snakemake --dry-run`` ends with and says."""
    plan = Fork(_plan, ["--cores", "2", "--dry-run", *words, *_config(configfile)], cwd=project)
    said = plan.communicate()
    return plan.returncode, "".join(said)


def _config(file: str | None) -> list[str]:
    return ["--configfile", file] if file else []


def _plan(words: Sequence[str]) -> None:
    from snakemake.cli import main
    from snakemake.jobs import Job

    log_info = Job.log_info

    def told(job, *words, **more):
        """The rule and the first file that it makes, which no message shows."""
        print(PLANNED, job.rule.name, *job.output[:1], flush=True)
        log_info(job, *words, **more)

    Job.log_info = told
    main(words)


def planned(project: Path, *words: str, configfile: str | None = "small.yaml") -> list[str]:
    """Jobs of a dry run: the rule, and for shards the file they make."""
    code, text = dry_run(project, *words, configfile=configfile)
    assert code == 0, text
    lines = [line.split()[1:] for line in text.splitlines() if line.startswith(PLANNED)]
    return [
        Path(output[0]).name if rule == "time_shard" else rule for rule, *output in lines if output
    ]
