"""Whole runs and dry runs of the pipeline, in a copy of the project."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
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
SHARD = ["results/timings/tiny/gsm8k_main_timing.jsonl"]


def copy_project(folder: Path) -> Path:
    ignored = shutil.ignore_patterns(
        "__pycache__", ".venv", ".git", ".snakemake", "results", "tests", "*_cache", ".hypothesis"
    )
    shutil.copytree(ROOT, folder, ignore=ignored)
    (folder / "small.yaml").write_text(yaml.safe_dump(SMALL))
    return folder


def snakemake(project: Path, *words: str, configfile: str | None = "small.yaml", **environment):
    config = ["--configfile", configfile] if configfile else []
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", "--cores", "2", *words, *config],
        cwd=project, capture_output=True, text=True, check=False, timeout=PATIENCE,
        env={**os.environ, **environment},
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def planned(project: Path, *words: str, configfile: str | None = "small.yaml") -> list[str]:
    """Jobs of a dry run: the rule, and for shards the file they make."""
    code, text = snakemake(project, "--dry-run", *words, configfile=configfile)
    assert code == 0, text
    jobs, rule = [], None
    for line in text.splitlines():
        if line.startswith(("rule ", "localrule ")):
            rule = line.split()[1].rstrip(":")
        elif rule and line.strip().startswith("output:"):
            output = Path(line.split()[1].rstrip(",")).name
            jobs.append(output if rule == "time_shard" else rule)
            rule = None
    return jobs
