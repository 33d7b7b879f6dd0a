"""What README and docs tell a reader to type, typed: in a small copy of the project."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import yaml
from folders import ROOT
from marked_blocks import PAGES, RUNNABLE, SHOWN, blocks
from patience import PATIENCE
from pipeline_runs import SMALL, copy_project
from warm_python import warm_python

sys.path.append(str(ROOT / "docs" / "made"))

import draw_pictures

from c2c_timing.stages import Stage

# Few samples, short answers: README's first command runs just this.
CONFIG = SMALL | {"datasets": ["gsm8k"], "subjects": {}}
# Its blocks are README's, as another test sees to.
SAME_BLOCKS = "README.zh-CN.md"
FIRST = "./run_all_benchmarks.sh"
# Snakemake's own words, not the project's.
OF_OTHERS = ("Error: Directory cannot be locked", "Nothing to be done",
             "Config file is not valid JSON or YAML")  # fmt: skip


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_block_says_what_it_is_and_whether_it_is_run(page):
    for block in blocks(page):
        assert block.language in RUNNABLE | SHOWN, f"{block}: fence it, as one of these"
        is_right = block.is_marked == (block.language in RUNNABLE)
        assert is_right, f"{block}: what can be run has a mark above, and nothing else has"


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A copy of the project after README's first command, with a small config."""
    project = copy_project(tmp_path_factory.mktemp("docs") / "project")
    config = yaml.safe_load((project / "config.yaml").read_text())
    (project / "config.yaml").write_text(yaml.safe_dump(config | CONFIG))
    programs = project / ".venv" / "bin"
    shutil.copytree(Path(sys.executable).parent, programs, copy_function=os.symlink)
    for program in warm_python().bin.iterdir():
        (programs / program.name).unlink()
        (programs / program.name).symlink_to(program)
    (project / ".venv" / ".lock-installed").touch()  # newer than the lock: nothing is installed
    assert FIRST in commands_of(ROOT / "README.md")
    code, said = in_a_shell(FIRST, project)
    assert code == 0, said
    return project


def commands_of(page):
    return [command for block in blocks(page) if block.is_run for command in block.commands()]


def in_a_shell(command, project, *programs):
    """The exit code of a line, and what it says."""
    path = os.pathsep.join(map(str, [*programs, Path(sys.executable).parent, os.environ["PATH"]]))
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command], cwd=project, env={**os.environ, "PATH": path},
        capture_output=True, text=True, timeout=PATIENCE, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


class Reader:
    """Types what pages say, each command once: several pages show the same."""

    def __init__(self, project, folder):
        self._project, self._folder = project, folder
        self._typed = {FIRST}

    def type(self, block, command):
        """Exit code and words of a command, or of a block of Python."""
        if command in self._typed or (command.startswith("jq ") and not shutil.which("jq")):
            return 0, ""
        self._typed.add(command)
        if block.language == "python":
            script = self._folder / "block.py"
            script.write_text(command)
            command = f"python {script}"
        return in_a_shell(command, self._project, warm_python().bin)


@pytest.fixture(scope="module")
def reader(finished, tmp_path_factory):
    return Reader(finished, tmp_path_factory.mktemp("reader"))


@pytest.mark.pipeline
@pytest.mark.parametrize(
    "page",
    [page for page in PAGES if page.name != SAME_BLOCKS and any(b.is_run for b in blocks(page))],
    ids=lambda page: page.name,
)
def test_the_commands_of_a_page(page, reader):
    for block in filter(lambda block: block.is_run, blocks(page)):
        for command in block.commands():
            code, said = reader.type(block, command)
            assert code == 0, f"{block}: {command}\n{said}"


def test_no_picture_is_stale():
    assert draw_pictures.stale() == [], "run `make pictures` and look at them"


def test_a_picture_of_other_records_is_stale(monkeypatch, tmp_path):
    monkeypatch.setattr(draw_pictures, "MADE", tmp_path)
    path = ROOT / "docs" / "made" / "data" / "default.parquet"
    (tmp_path / "request_picture.py").write_text(
        (ROOT / "docs/made/request_picture.py").read_text()
    )
    for picture in draw_pictures.PICTURES:
        picture.data.parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / "docs" / "made" / "data" / picture.data.name, picture.data)
    assert draw_pictures.stale() == []
    changed = pd.read_parquet(path).assign(dataset="other")
    changed.to_parquet(tmp_path / "data" / path.name)
    (file,) = [picture.file for picture in draw_pictures.PICTURES if picture.records == "default"]
    assert draw_pictures.stale() == [file]


def test_every_picture_of_a_page_is_one_that_is_drawn():
    shown = {
        Path(name).name
        for page in PAGES
        for name in re.findall(r"!\[.*?\]\((.+?)\)", page.read_text(), re.S)
    }
    assert shown == set(draw_pictures.digests())


@pytest.mark.parametrize("page", ["README.md", "README.zh-CN.md"])
def test_the_excerpt_is_of_the_records_of_the_picture(page):
    timings = pd.read_parquet(ROOT / "docs" / "made" / "data" / "default.parquet")
    keys = ["total_time_ms", *(s.key for s in (Stage.BASE_PREFILL, Stage.TEACHER_PREFILL, Stage.PROJECTOR)),
            "decode_avg_ms", "tokens_per_second"]  # fmt: skip
    rows = re.findall(
        r"^\| ([a-z0-9-]+) \| ([\w-]+) \| (\d+) \| (.+) \| \w+ \|$", (ROOT / page).read_text(), re.M
    )
    assert len(rows) == 4
    for dataset, subject, count, numbers in rows:
        own = timings[(timings["dataset"] == dataset) & (timings["subject"] == subject)]
        assert int(count) == len(own)
        shown = [float(number) for number in numbers.split(" | ")]
        assert shown == [float(f"{own[key].median():.3g}") for key in keys]


def test_both_readmes_show_the_same_commands():
    english, chinese = (
        [re.sub(r"'\{.*?\}'", "", block.text) for block in blocks(ROOT / name)]
        for name in ("README.md", "README.zh-CN.md")
    )
    assert english == chinese


def test_messages_of_the_troubleshooting_page_are_those_that_are_said():
    page = (ROOT / "docs" / "what-does-this-message-mean.md").read_text()
    said = "\n".join(texts_of(path) for path in (ROOT / "workflow" / "scripts").rglob("*.py"))
    said += (ROOT / "Makefile").read_text()
    missing = []
    for row in re.findall(r"^\| (`.+?) \| ", page, re.M):
        for message in re.findall(r"`(.+?)`", row):
            if message not in OF_OTHERS:
                parts = [part.strip(" ;:,()'") for part in re.split("…", message)]
                missing += [part for part in parts if len(part) > 5 and part not in said]
    assert missing == []


def texts_of(path):
    """The texts of a module, what is put into them left out."""
    texts = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.JoinedStr):
            pieces = [part.value if isinstance(part, ast.Constant) else "…" for part in node.values]
            texts.append("".join(pieces))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            texts.append(node.value)
    return "\n".join(texts)
