"""Where the project's own folders lie: said here once."""

from __future__ import annotations

import os
from pathlib import Path

LIBRARY = Path(__file__).resolve().parent
SCRIPTS = LIBRARY.parent
WORKFLOW = SCRIPTS.parent
PROJECT = WORKFLOW.parent
SCHEMAS = WORKFLOW / "schemas"
DATASETS = WORKFLOW / "datasets"
PROMPTS = DATASETS / "prompts"
PAIRS = WORKFLOW / "pairs"
SAMPLES = WORKFLOW / "samples"


def from_here(path: Path) -> str:
    """How a rule names one of the project's files.

    From the project's folder where one stands in it, so that all checkouts name it alike; else in full.
    """
    return in_project(path) if Path.cwd() == PROJECT else str(path)


def in_project(path: Path) -> str:
    """From the project's folder, where it lies in it: the same wherever one stands."""
    return str(path).removeprefix(f"{PROJECT}{os.sep}")


def with_home(path: str) -> str:
    """A path as a person writes it: ``~`` and ``~name`` at its beginning are home folders."""
    if not path.startswith("~"):
        return path
    try:
        return str(Path(path).expanduser())
    except RuntimeError:  # nobody of this name: the path is as it stands
        return path


def user_path(text: str) -> Path:
    """A path out of a flag, for argparse: no shell expands the ``~`` in ``--flag=~/file``."""
    return Path(with_home(text))
