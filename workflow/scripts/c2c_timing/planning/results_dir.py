"""Whether a config's ``results_dir`` is a folder that a run can have for its own."""

from __future__ import annotations

import os
from pathlib import Path

from ..errors import UserError
from ..places import PROJECT, with_home

# What is no place for results: in the working directory, and in the project's own folder.
TOOLS_OWN = {".git", ".snakemake"}
PROJECTS_OWN = TOOLS_OWN | {
    *("workflow", "config", "configs", "profiles", "envs", "docs", "tests", "benchmarks"),
    *(".ci", ".github", ".venv"),
}
# Snakemake reads them in a path as places to fill in; a shell or a table would break at the others.
NO_PART_OF_A_NAME = "{}<>*?"


def plain_path(text: str) -> str:
    """The same folder under one name, whatever slashes and dots it was written with."""
    return os.path.normpath(with_home(text)) if text.strip() else text


def check_results_dir(path: str) -> None:
    """Refuse what is no folder, or somebody else's.

    Raises:
        UserError: says why.
    """
    problem = _problem_of_name(path) or _problem_of_place(Path(path).absolute())
    if problem:
        raise UserError(f"config: results_dir: {path!r} {problem}; name a folder of its own")


def _problem_of_name(path: str) -> str | None:
    if not path.strip():
        return "is empty"
    if "://" in path or ":/" in path:
        return "is an address"
    if path.startswith("-"):
        return "begins like a flag"
    odd = sorted(each for each in set(path) if each in NO_PART_OF_A_NAME or not each.isprintable())
    return f"holds {' '.join(map(repr, odd))}" if odd else None


def _problem_of_place(path: Path) -> str | None:
    place = path.resolve()
    for folder, what, owned in (
        (PROJECT, "the workflow's folder", PROJECTS_OWN),
        (Path.cwd(), "the working directory", TOOLS_OWN),
    ):
        if place == folder or place in folder.parents:
            return f"is {what}, or above it"
        inside = place.relative_to(folder).parts[0] if folder in place.parents else None
        if inside in owned:
            return f"lies in {inside}/ of {what}"
    there = next(each for each in (place, *place.parents) if os.path.lexists(each))
    if not there.is_dir():
        return f"cannot be made: {there} is a file"
    if not os.access(there, os.W_OK | os.X_OK):
        return f"cannot be written: {there} is not yours to write in"
    return None
