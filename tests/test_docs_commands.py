"""What README and docs tell a reader to type, typed: in a small copy of the project."""

from __future__ import annotations

import ast
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import yaml
from folders import ROOT
from marked_blocks import MARK, PAGES, RUNNABLE, SHOWN, blocks
from patience import PATIENCE
from pipeline_runs import SMALL, copy_project
from warm_commands import WarmCommands

sys.path.append(str(ROOT / "docs" / "made"))

import draw_pictures
import write_columns

from c2c_timing.stages import Stage

BLOCKS = [block for page in PAGES for block in blocks(page)]
# All tables are made: methods and runtimes are compared. README's first command runs just this.
CONFIG = SMALL | {
    "datasets": ["gsm8k", "ai2-arc"],
    "methods": ["base", "t2t", "c2c"],
    "runtimes": ["eager", "fused"],
    "message_max_tokens": 3,
}
FIRST = "./run_all_benchmarks.sh"
# Snakemake's own words, not the project's.
OF_OTHERS = ("Error: Directory cannot be locked", "Nothing to be done")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_block_says_what_it_is_and_whether_it_is_run(page):
    for block in blocks(page):
        assert block.language in RUNNABLE | SHOWN, f"{block}: fence it, as one of these"
        marked = block.mark is not None and MARK.fullmatch(block.mark)
        if block.language in RUNNABLE:
            assert marked, f"{block}: needs a mark above (tests/marked_blocks.py)"
        else:
            assert not marked, f"{block}: is not run"


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    locks = tmp_path_factory.mktemp("locks")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "OMP_NUM_THREADS": "1", "C2C_TIMING_LOCKS": str(locks)}


@pytest.fixture(scope="module")
def finished(tmp_path_factory, environment):
    """A copy of the project after README's first command, with a small config."""
    project = copy_project(tmp_path_factory.mktemp("docs") / "project")
    config = yaml.safe_load((project / "config.yaml").read_text())
    (project / "config.yaml").write_text(yaml.safe_dump(config | CONFIG))
    (project / ".venv").mkdir()
    (project / ".venv" / "bin").symlink_to(Path(sys.executable).parent)
    (project / ".venv" / ".lock-installed").touch()  # newer than the lock: nothing is installed
    assert FIRST in [
        command for block in blocks(ROOT / "README.md") for command in block.commands()
    ]
    done = subprocess.run(
        ["bash", "-c", FIRST], cwd=project, env=environment, capture_output=True, text=True,
        timeout=PATIENCE, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return project


@pytest.fixture(scope="module")
def warm():
    commands = WarmCommands()
    yield commands
    commands.close()


@pytest.mark.pipeline
@pytest.mark.parametrize(
    "page", [p for p in PAGES if any(b.is_run for b in blocks(p))], ids=lambda p: p.name
)
def test_the_commands_of_a_page(page, finished, warm, environment, tmp_path):
    for block in filter(lambda block: block.is_run, blocks(page)):
        commands = list(block.commands()) if block.language == "sh" else [block.text]
        for command in commands:
            log = tmp_path / "said"
            log.write_text("")
            if block.language == "python":
                script = tmp_path / "block.py"
                script.write_text(command)
                code = warm.run([str(script)], finished, log)
            elif command.startswith("jq ") and not shutil.which("jq"):
                continue
            else:
                code = typed(command, finished, log, warm, environment)
            assert code == 0, f"{block}: {command}\n{log.read_text()}"


def typed(command, project, log, warm, environment):
    """The exit code of a line of a shell; commands of the project run in the warm process."""
    words = shlex.split(command)
    is_plain = not any(word in command for word in (">", "|", "$", "&&"))
    if is_plain and words[0] == "python":
        return warm.run(words[1:], project, log)
    if is_plain and words[0] == "snakemake":
        return warm.run(words, project, log)
    with log.open("a") as said:
        return subprocess.run(
            ["bash", "-euo", "pipefail", "-c", command], cwd=project, env=environment, stdout=said,
            stderr=said, timeout=PATIENCE, check=False,
        ).returncode  # fmt: skip


@pytest.mark.pipeline
def test_every_column_of_every_table_is_described(finished):
    described = yaml.safe_load((ROOT / "workflow/schemas/columns.yaml").read_text())
    timing = write_columns.timing_keys()
    found = {path.name: list(pd.read_csv(path, sep="\t", nrows=0)) for path in tables(finished)}
    assert set(found) == set(described["tables"])
    for name, columns in found.items():
        table = described["tables"][name]
        measures = table.get("measures", [])
        measures = timing if measures == "timing" else measures
        known = {f"{measure}_{end}" for measure in measures for end in table.get("statistics", [])}
        known |= {*described["shared"], *table["columns"]}
        assert not set(columns) - known, (
            f"{name}: say in workflow/schemas/columns.yaml what they are"
        )
        gone = set(table["columns"]) - set(columns) - {"chunk"}
        assert not gone, f"{name}: workflow/schemas/columns.yaml describes what it has no more"


def tables(project):
    """The tables of a run; the list of its shards is for Snakemake."""
    return [path for path in (project / "results").glob("*.tsv") if path.name != "shards.tsv"]


@pytest.mark.pipeline
def test_every_key_of_a_record_is_described(finished):
    page = (ROOT / "docs" / "columns.md").read_text()
    for path in (finished / "results" / "timings").glob("*/*.jsonl"):
        for line in path.read_text().splitlines():
            record = json.loads(line)
            for keys in (record, record["timing"], record["model_config"]):
                assert [key for key in keys if f"| `{key}` |" not in page] == []


def test_the_page_of_columns_is_as_it_would_be_written():
    assert (ROOT / "docs" / "columns.md").read_text() == write_columns.page(), "run `make docs`"


def test_no_picture_is_stale():
    assert draw_pictures.stale() == [], "run `make docs` and look at them"


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
