"""Conda environments, and the image as far as it can be checked without an engine."""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import yaml
from folders import ROOT
from patience import PATIENCE

from c2c_timing.planning import inputs

LOCK = (ROOT / "envs" / "requirements.lock").read_text().split()
RULE_FILES = sorted((ROOT / "workflow" / "rules").glob("*.smk"))


def rules(path: Path) -> dict[str, str]:
    """The rules of a file: name and text."""
    parts = re.split(r"^rule (\w+):$", path.read_text(), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def environment_of(path: Path, rule: str) -> Path:
    name = re.search(r'^    conda:\n        "(.+)"$', rules(path)[rule], flags=re.MULTILINE)
    assert name, f"{rule} names no environment"
    return (path.parent / name[1]).resolve()


def files_of(rule: str) -> list[str]:
    """The command that a rule calls, with the modules that it uses; none where it calls none."""
    script = re.search(r"\{SCRIPTS\}/(\w+\.py)", rule)
    code = inputs.command_code(script[1]) if script else []
    return [f"workflow/scripts/{script[1]}", *code] if script else []


def imported(path: Path) -> set[str]:
    """Top-level names that a file imports from outside the project and the standard library."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names.add(node.module.split(".")[0])
    return names - set(sys.stdlib_module_names) - {"c2c_timing"}


def test_every_rule_names_an_environment_that_has_what_its_script_imports():
    distributions = packages_distributions()
    checked = []
    for path in RULE_FILES:
        for rule, text in rules(path).items():
            environment = environment_of(path, rule)
            pins = yaml.safe_load(environment.read_text())["dependencies"][-1]["pip"]
            installed = {pin.split("==")[0].lower() for pin in pins}
            for file in files_of(text):
                for module in imported(ROOT / file):
                    names = {name.lower() for name in distributions[module]}
                    assert names & installed, f"{rule}: {environment.name} lacks {module} ({file})"
            checked.append(rule)
    assert {"time_shard", "merge_timings", "summarize_timings", "write_report"} <= set(checked)


def instructions() -> list[tuple[str, str]]:
    lines = (ROOT / "Dockerfile").read_text().replace("\\\n", " ").splitlines()
    return [tuple(line.split(maxsplit=1)) for line in lines if line and not line.startswith("#")]


def build_context(folder: Path) -> Path:
    """What .dockerignore lets into the image: a copy, with an empty folder for results."""
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    patterns = [line.removeprefix("**/") for line in lines if line[:1] not in ("", "#", "!")]
    assert "results/*" in patterns
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(*patterns, "results"))
    (folder / "results").mkdir()
    return folder


def test_the_image_installs_the_lock_on_a_python_that_it_is_for():
    image = dict(instructions()[:1])["FROM"]
    version = tuple(map(int, re.fullmatch(r"python:(\d+)\.(\d+)-slim-\w+", image).groups()))
    oldest = re.search(r'requires-python = ">=(\d+)\.(\d+)"', (ROOT / "pyproject.toml").read_text())
    assert version >= tuple(map(int, oldest.groups()))
    steps = instructions()
    assert ("COPY", "envs/requirements.lock envs/requirements.lock") in steps
    assert any(
        kind == "RUN" and "--requirement envs/requirements.lock" in step for kind, step in steps
    )
    command = json.loads(dict(steps)["ENTRYPOINT"])
    assert any(line.startswith(f"{command[0]}==") for line in LOCK)


@pytest.mark.pipeline
def test_the_image_holds_what_its_command_needs(tmp_path):
    context = build_context(tmp_path / "image")
    steps = dict(instructions())
    (command,), flags = json.loads(steps["ENTRYPOINT"]), json.loads(steps["CMD"])
    done = subprocess.run(
        [sys.executable, "-m", command, *flags, "--dry-run", "--quiet", "rules"],
        cwd=context, capture_output=True, text=True, check=False, timeout=PATIENCE,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert re.search(r"^time_shard +18$", done.stdout + done.stderr, re.MULTILINE)


def test_environments_hold_the_versions_of_the_lock():
    locked = set((ROOT / "envs" / "requirements.lock").read_text().split())
    for path in (ROOT / "envs").glob("*.yaml"):
        pins = yaml.safe_load(path.read_text())["dependencies"][-1]["pip"]
        assert pins
        assert set(pins) <= locked
