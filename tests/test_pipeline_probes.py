"""Runs of the pipeline with a self-test before them and an audit behind, in a copy of the project."""

from __future__ import annotations

import json

import pytest
from pipeline_runs import copy_finished, copy_project, planned, snakemake

pytestmark = pytest.mark.pipeline

SHARD = ["results/timings/tiny/gsm8k_main_timing.jsonl"]
PROBES = "workflow/scripts/c2c_timing/probes"


def test_shards_wait_for_the_self_test_and_later_ones_time_nothing_again(tmp_path):
    project = copy_project(tmp_path / "project")
    one = [*SHARD, "--config", "datasets=[gsm8k]", "num_samples=1", "self_test=true"]
    assert planned(project, *one) == ["self_test", "gsm8k_main_timing.jsonl"]
    report = project / "results" / "self_test.json"
    report.parent.mkdir(exist_ok=True)
    report.write_text(json.dumps({"passed": False, "device": "cpu", "threads": 1, "node": "n",
                                  "tested_at": "2026-01-01"}))  # fmt: skip
    code, text = snakemake(project, *one)
    assert code == 1
    assert "error: results/self_test.json: the clock failed its self-test on cpu; stop" in text
    report.write_text(report.read_text().replace("false", "true"))
    code, text = snakemake(project, *one)
    assert code == 0, text
    assert "Test the clock" not in text
    run = json.loads((project / "results/timings/tiny/gsm8k_main_run.json").read_text())
    assert run["self_test"]["node"] == "n"
    report.write_text(report.read_text() + " ")
    assert planned(project, *one) == []
    with (project / "workflow/scripts/c2c_timing/probes/self_test/witness.py").open("a") as file:
        file.write("# edited\n")
    assert planned(project, *one) == []
    # A shard that is still to do is not forgotten, whatever changed in the test of the clock.
    other = "results/timings/tiny/openbookqa_main_timing.jsonl"
    both = [other, *one[:-3], "datasets=[gsm8k, openbookqa]", *one[-2:]]
    assert planned(project, *both) == ["openbookqa_main_timing.jsonl"]


# A shard of one sample, watched by all probes, under two runtimes.
WATCHED = [*SHARD, "--config", "datasets=[gsm8k]", "num_samples=1", "self_test=true", "audit=true",
           "device=cpu", "runtimes=[eager, fused]"]  # fmt: skip


@pytest.fixture(scope="module")
def watched(tmp_path_factory):
    project = copy_project(tmp_path_factory.mktemp("watched") / "project")
    # The overhead of timing is measured on requests of four tokens: what it is, is asked of no one here.
    whole = project / PROBES / "self_test" / "whole.py"
    text = whole.read_text()
    assert "FEW_TOKENS, MANY_TOKENS = 3, 128" in text
    whole.write_text(text.replace("MANY_TOKENS = 3, 128", "MANY_TOKENS = 3, 4"))
    code, text = snakemake(project, *WATCHED)
    log = (project / "results/logs/self_test.log").read_text()
    assert code == 0, text + log
    return project


def run_file(project):
    return json.loads((project / "results/timings/tiny/gsm8k_main_run.json").read_text())


def test_the_self_test_tests_every_runtime_of_the_config(watched):
    found = json.loads((watched / "results/self_test.json").read_text())
    assert found["runtimes"] == ["eager", "fused"]
    assert {stage["runtime"] for stage in found["stages"]} == {"eager", "fused"}
    assert "fused    t2t      handover" in (watched / "results/logs/self_test.log").read_text()
    assert run_file(watched)["self_test"]["is_this_device"]
    assert run_file(watched)["self_test"]["untested_runtimes"] == []
    assert planned(watched, *WATCHED) == []


def test_an_audit_stands_in_the_run_file_and_is_made_anew_when_its_code_changes(watched, tmp_path):
    audited = run_file(watched)["audit"]["methods"]["c2c"]
    assert audited["launches"]["projector"]["operators"] > 0
    project = copy_finished(watched, tmp_path / "project")
    with (project / PROBES / "audit/trace.py").open("a") as file:
        file.write("# edited\n")
    assert planned(project, *WATCHED) == ["gsm8k_main_timing.jsonl"]
