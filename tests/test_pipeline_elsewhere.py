"""The pipeline beside itself, from other folders, as a module, and in Snakemake's own report."""

from __future__ import annotations

import shutil
import subprocess
import zipfile
from pathlib import Path

import pandas as pd
import pytest
import yaml
from patience import PATIENCE
from pipeline_runs import copy_project, with_a_device
from warm_python import warm_python

pytestmark = pytest.mark.pipeline

TINY = {
    "datasets": ["gsm8k"],
    "num_samples": 1,
    "max_new_tokens": 2,
    "self_test": False,
    "device": "cpu",
}
NOTHING = "Nothing to be done"


def snakemake(folder: Path, *words: object) -> str:
    """What a run says that ends well."""
    code, text = tried(folder, *words)
    assert code == 0, text
    return text


def tried(folder: Path, *words: object) -> tuple[int, str]:
    done = subprocess.run(
        [warm_python().bin / "snakemake", "--cores", "2", *map(str, words)], cwd=folder,
        capture_output=True, text=True, check=False, timeout=PATIENCE,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def contents(folder: Path) -> dict[str, int]:
    """Every file, with its time of change."""
    return {
        str(path.relative_to(folder)): path.stat().st_mtime_ns
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".worker" not in path.parts
    }


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """The workflow's folder, in which nothing may change."""
    project = copy_project(tmp_path_factory.mktemp("elsewhere") / "the project")
    (project / "small.yaml").unlink()
    return project


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory):
    """A working directory with rows of its own, named from there, and a config that says little."""
    folder = tmp_path_factory.mktemp("elsewhere") / "work"
    folder.mkdir()
    (folder / "rows.jsonl").write_text(
        '{"question": "How many are two and two?", "answer": "#### 4"}\n'
    )
    own = TINY | {"source": "local", "data_path": {"gsm8k": "rows.jsonl"}}
    (folder / "config.yaml").write_text(yaml.safe_dump(own))
    with_a_device(folder)
    return folder


@pytest.fixture(scope="module")
def finished(project, elsewhere):
    """All of one config made there, then the tables of another beside it."""
    before = contents(project)
    call = ("-s", project / "Snakefile", "-d", elsewhere)
    text = snakemake(project.parent, *call)
    assert contents(project) == before
    return call, text


def test_code_comes_from_the_workflow_and_all_else_from_the_working_directory(elsewhere, finished):
    _, text = finished
    assert "report: results/report.html" in text
    records = pd.read_parquet(elsewhere / "results" / "timings.parquet")
    assert len(records) == 1
    assert "How many are two and two?" in records.loc[0, "prompt"]
    page = (elsewhere / "results" / "report.html").read_text()
    assert "config.yaml" in page
    made = {path.name for path in elsewhere.iterdir()}
    assert made == {"config.yaml", "rows.jsonl", "results", ".snakemake"}


def test_two_configs_live_side_by_side(project, elsewhere, finished):
    call, _ = finished
    first = contents(elsewhere / "results")
    call = (*call, "--config", "results_dir=other results", "max_new_tokens=3", "num_samples=5")
    target = "other results/summary.tsv"
    snakemake(project.parent, target, *call)
    assert contents(elsewhere / "results") == first
    lengths = pd.read_parquet(elsewhere / "other results/timings.parquet")["response_length"]
    assert lengths.max() <= 3
    assert pd.read_csv(elsewhere / target, sep="\t")["count"].tolist() == [1]
    coverage = pd.read_csv(elsewhere / "other results/coverage.tsv", sep="\t")
    assert coverage[["asked", "got"]].to_numpy().tolist() == [[5, 1]]
    assert NOTHING in snakemake(project.parent, target, "-n", *call)
    assert NOTHING in snakemake(project.parent, *finished[0], "-n")
    assert not (project / "results").exists()


def test_snakemake_s_own_report_holds_every_result(project, elsewhere, finished):
    call, _ = finished
    results = elsewhere / "results"
    snakemake(project.parent, *call, "--report", "results/snakemake-report.zip")
    with zipfile.ZipFile(results / "snakemake-report.zip") as report:
        held = {Path(name).name for name in report.namelist()}
        (page,) = [name for name in report.namelist() if name.count("/") == 1]
        page = report.read(page).decode()
    tables = {path.name for path in results.glob("*.tsv")} - {"shards.tsv"}
    figures = {path.name for path in (results / "plots").iterdir()}
    assert len(tables) > 5
    assert len(figures) > 12
    assert held >= tables | figures | {"report.html", "device.json", "stage_table.md"}
    assert "How near each stage comes" in page  # a caption
    snakemake(project.parent, *call, "--report", "results/snakemake-report.html")
    assert (results / "snakemake-report.html").stat().st_size > 100_000


MODULE = """
configfile: "config/config.yaml"


module c2c_timing:
    snakefile:
        "{project}/Snakefile"
    config:
        config


use rule * from c2c_timing as timing_*


onsuccess:
    c2c_timing.onsuccess()
"""


def test_another_workflow_uses_it_as_a_module(project, tmp_path):
    for folder in ("workflow", "config"):
        (tmp_path / folder).mkdir()
    (tmp_path / "workflow/Snakefile").write_text(MODULE.format(project=project))
    (tmp_path / "config/config.yaml").write_text(yaml.safe_dump(TINY))
    planned = snakemake(tmp_path, "-n")
    assert "timing_write_report" in planned
    assert not (tmp_path / "results").exists()
    text = snakemake(tmp_path, "results/summary.tsv")
    assert "where the time goes" in text
    assert pd.read_csv(tmp_path / "results/summary.tsv", sep="\t")["count"].tolist() == [1]
    assert NOTHING in snakemake(tmp_path, "results/summary.tsv", "-n")
    next((tmp_path / "results/timings/tiny").glob("*_timing.jsonl")).unlink()
    again = snakemake(tmp_path, "results/summary.tsv", "-n")
    assert "timing_time_shard" in again
    assert "timing_measure_device" not in again


@pytest.mark.skipif(not shutil.which("git"), reason="needs git")
def test_a_module_without_the_workflow_s_folder_is_refused_in_one_line(tmp_path):
    def git(*words):
        subprocess.run(["git", *words], cwd=remote, check=True, timeout=PATIENCE)

    remote = tmp_path / "remote"
    copy_project(remote / "in")
    git("init", "--quiet")
    git("add", ".")
    git("-c", "user.name=a", "-c", "user.email=a@b", "commit", "--quiet", "--message", "all")
    named = f'gitfile("{remote}", path="in/Snakefile", ref="HEAD")'
    (tmp_path / "Snakefile").write_text(
        MODULE.replace('"{project}/Snakefile"', named).replace("config/config", "config")
    )
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(TINY))
    code, text = tried(tmp_path, "-n")
    assert code == 1
    assert "needs its whole folder: clone its repository" in text
    assert "Traceback" not in text
