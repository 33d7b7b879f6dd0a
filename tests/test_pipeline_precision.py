"""A whole run that asks for all the precision there is: processes, second arm, looks."""

from __future__ import annotations

import json

import pandas as pd
import pytest
import yaml
from pipeline_runs import SMALL, copy_project, planned, snakemake, with_a_device

pytestmark = pytest.mark.pipeline

SAMPLES, PROCESSES, LOOKS = 6, 2, (1, 2)
PRECISE = SMALL | {
    "datasets": ["gsm8k"],
    "num_samples": SAMPLES,
    "methods": ["base", "c2c"],
    "processes": PROCESSES,
    "resolution": True,
    # No machine is so steady: both looks are taken.
    "target_interval": 0.000001,
    "max_repeats": LOOKS[-1],
}


@pytest.fixture(scope="module")
def precise(tmp_path_factory):
    project = copy_project(tmp_path_factory.mktemp("precise") / "project")
    (project / "precise.yaml").write_text(yaml.safe_dump(PRECISE))
    with_a_device(project)
    code, text = snakemake(project, configfile="precise.yaml")
    assert code == 0, text
    return project, text


def test_records_are_of_all_processes_and_looks(precise):
    records = pd.read_parquet(precise[0] / "results" / "timings.parquet")
    sizes = records.groupby(["process", "method"]).size()
    assert sizes.index.tolist() == [
        (process, arm) for process in (1, 2) for arm in ("base", "c2c", "c2c_again")
    ]
    assert set(sizes) == {SAMPLES * LOOKS[-1]}
    assert set(records["possible_looks"]) == {len(LOOKS)}
    (path,) = (precise[0] / "results" / "timings").rglob("*_run.json")
    run = json.loads(path.read_text())
    assert [(look["process"], look["repeats"]) for look in run["looks"]] == [
        (process, repeats) for process in (1, 2) for repeats in LOOKS
    ]
    assert {look["stops"] for look in run["looks"] if look["repeats"] == 2} == {"max_repeats"}
    assert run["settings"]["processes"] == PROCESSES
    assert {each["is_warm"] for each in run["processes"]} == {False}


def test_tables_say_what_their_intervals_count(precise):
    speedup = pd.read_csv(precise[0] / "results" / "speedup.tsv", sep="\t")
    assert set(speedup["interval_over"]) == {"processes and samples"}
    assert set(speedup["processes"]) == {PROCESSES} and set(speedup["confidence"]) == {0.975}
    assert speedup["against"].tolist() == ["base"] * 3 + ["c2c_again"] * 3
    summary = pd.read_csv(precise[0] / "results" / "summary_full.tsv", sep="\t")
    assert summary["method"].tolist() == ["base", "c2c"]
    assert summary["processes"].tolist() == [PROCESSES] * 2
    assert summary["samples"].tolist() == [SAMPLES] * 2


def test_the_report_and_the_last_lines_say_what_can_be_told(precise):
    project, said = precise
    page = (project / "results" / "report.html").read_text()
    assert "count 2 fresh processes" in page
    assert "C2C against itself is" in page
    assert "c2c_again" not in page.replace("c2c_again_", "")
    assert "smallest difference that can be told: " in said


def test_nothing_is_left_to_do_and_other_numbers_time_again(precise):
    project, _ = precise
    assert not planned(project, configfile="precise.yaml")
    jobs = planned(project, "--config", "processes=3", configfile="precise.yaml")
    assert sum(job.endswith("jsonl") for job in jobs) == 1
    # How far repeats may go is no matter where they do not depend on intervals.
    plain = PRECISE | {"target_interval": None, "processes": 1}
    for most in (2, 5):
        (project / f"{most}.yaml").write_text(yaml.safe_dump(plain | {"max_repeats": most}))
    code, text = snakemake(
        project, "results/timings/tiny/gsm8k_main_timing.jsonl", configfile="2.yaml"
    )
    assert code == 0, text
    assert not planned(project, "results/timings/tiny/gsm8k_main_timing.jsonl", configfile="5.yaml")
