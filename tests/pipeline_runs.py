"""Whole runs and dry runs of the pipeline, in a copy of the project."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml
from folders import ROOT
from patience import PATIENCE

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


def copy_finished(project: Path, folder: Path) -> Path:
    """A project with its results, for a test to damage: times of change are kept."""
    return Path(shutil.copytree(project, folder, copy_function=shutil.copy2))


def snakemake(project: Path, *words: str, configfile: str | None = "small.yaml", **environment):
    config = ["--configfile", configfile] if configfile else []
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", "--cores", "2", *words, *config],
        cwd=project, capture_output=True, text=True, check=False, timeout=PATIENCE,
        env={**os.environ, **environment},
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


PLANNED = "planned:"
# A plan is made in a fork of a process that has imported Snakemake, and none of the project.
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["snakemake.cli"])


def dry_run(project: Path, *words: str, configfile: str | None = "small.yaml") -> tuple[int, str]:
    """What ``snakemake --dry-run`` ends with and says."""
    config = ["--configfile", configfile] if configfile else []
    words = ("--cores", "2", "--dry-run", *words, *config)
    with tempfile.NamedTemporaryFile("r") as said:
        process = FORKS.Process(target=_in_a_fork, args=(project, words, said.name))
        process.start()
        process.join(PATIENCE)
        assert process.exitcode is not None
        return process.exitcode, said.read()


def _in_a_fork(project: Path, words: tuple[str, ...], log: str) -> None:
    with Path(log).open("w") as said:
        for stream in (1, 2):
            os.dup2(said.fileno(), stream)
    os.chdir(project)
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
