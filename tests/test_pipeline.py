"""Whole runs of the pipeline, in a copy of the project."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import yaml
from patience import PATIENCE
from pipeline_runs import SHARD, SMALL, copy_project, planned, snakemake

pytestmark = pytest.mark.pipeline


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    project = copy_project(tmp_path_factory.mktemp("pipeline") / "project")
    code, text = snakemake(project)
    assert code == 0, text
    return project


@pytest.fixture
def project(finished, tmp_path):
    """A finished project of one's own: times of change are kept."""
    return Path(shutil.copytree(finished, tmp_path / "project", copy_function=shutil.copy2))


def test_everything_is_there(finished):
    results = finished / "results"
    summary = pd.read_csv(results / "summary.tsv", sep="\t")
    assert set(summary["dataset"]) == set(SMALL["datasets"])
    assert summary["count"].tolist() == [2, 2, 2]
    assert summary["failed"].tolist() == [0, 0, 0]
    assert len(list((results / "plots").glob("*.png"))) == 5
    assert len(list((results / "plots").glob("*.svg"))) == 5
    assert "<html" in (results / "report.html").read_text()
    assert "| C2C |" in (results / "stage_table.md").read_text()
    assert not (results / "speedup.tsv").exists()  # one method has nothing to be compared with
    assert len(pd.read_parquet(results / "timings.parquet")) == 6
    bottlenecks = pd.read_csv(results / "bottlenecks.tsv", sep="\t")
    assert set(bottlenecks["dataset"]) == set(SMALL["datasets"])
    assert bottlenecks["time_over_floor"].notna().all()


def test_a_subject_in_chunks_is_one_row_and_other_chunks_are_left_out(project):
    target, config = "results/summary.tsv", ("--config", "datasets=[gsm8k]", "num_samples=3")
    timings = project / "results" / "timings" / "tiny"

    def ids():
        return pd.read_parquet(project / "results" / "timings.parquet")["id"].tolist()

    code, text = snakemake(project, target, *config)
    assert code == 0, text
    whole = ids()

    code, text = snakemake(project, target, *config, "chunk_size=2")
    assert code == 0, text
    assert "1 file of records in results/timings are of these subjects" in text
    assert {path.name for path in timings.glob("gsm8k*.jsonl")} == {
        "gsm8k_main_timing.jsonl", "gsm8k_main.1-of-2_timing.jsonl", "gsm8k_main.2-of-2_timing.jsonl"
    }  # fmt: skip
    assert ids() == whole
    assert pd.read_csv(project / target, sep="\t")["count"].tolist() == [3]
    assert planned(project, target, *config, "chunk_size=2") == []

    (timings / "gsm8k_main_timing.jsonl").unlink()
    (timings / "gsm8k_main.2-of-2_timing.jsonl").unlink()
    jobs = planned(project, target, *config, "chunk_size=2")
    assert jobs[0] == "gsm8k_main.2-of-2_timing.jsonl"
    assert not [job for job in jobs if "1-of-2" in job]
    code, text = snakemake(project, target, *config, "chunk_size=2", "allow_missing=true")
    assert code == 0, text
    assert "1 of 2 shards are missing" in text
    assert "tiny/gsm8k/main.2-of-2" in text
    summary = pd.read_csv(project / target, sep="\t")
    assert len(summary) == 1
    assert summary.loc[0, "count"] == len(ids()) == len(set(ids()) & set(whole)) < 3
    assert str(summary.loc[0, "partial"]).lower() == "true"


def test_records_answer_the_usual_questions(finished):
    files = sorted((finished / "results" / "timings").glob("*/*.jsonl"))
    records = [json.loads(line) for path in files for line in path.read_text().splitlines()]
    rates = [record["timing"]["tokens_per_second"] for record in records]
    assert sum(rates) / len(rates) > 0
    if shutil.which("jq"):
        query = "map(.timing.tokens_per_second) | add/length"
        done = subprocess.run(
            ["jq", "-s", query, *files], capture_output=True, text=True, check=True
        )
        assert float(done.stdout) == pytest.approx(sum(rates) / len(rates))


def test_a_second_run_does_nothing(finished):
    assert planned(finished) == []
    assert planned(finished, "results/summary.tsv") == []


GSM8K = "timings/tiny/gsm8k_main_timing.jsonl"
AGAIN = {"gsm8k_main_timing.jsonl", "merge_timings", "summarize_timings"}


@pytest.mark.parametrize(("path", "target", "jobs"), [
    (GSM8K, "summary.tsv", AGAIN),
    ("timings/tiny/gsm8k_main_run.json", "summary.tsv", AGAIN),
    ("failed/tiny/gsm8k_main_errors.jsonl", "summary.tsv", AGAIN),
    (GSM8K, "plots/throughput.png", {"gsm8k_main_timing.jsonl", "merge_timings", "plot_timings"}),
    (GSM8K, "timings.parquet", {"gsm8k_main_timing.jsonl", "merge_timings"}),
    ("timings.parquet", "summary.tsv", {"merge_timings", "summarize_timings"}),
    ("errors.tsv", "summary.tsv", {"merge_timings", "summarize_timings"}),
    ("timings.parquet", None, {"merge_timings", "summarize_timings", "plot_timings", "plot_floors",
                               "find_bottlenecks", "write_stage_table", "write_report"}),
    ("device.json", "bottlenecks.tsv", {"measure_device", "find_bottlenecks"}),
    ("plots/throughput.svg", "report.html", {"plot_timings", "write_report"}),
    ("plots/throughput.svg", "summary.tsv", set()),
    ("plots/throughput.svg", None, {"plot_timings", "write_report"}),
])  # fmt: skip
def test_what_is_deleted_is_made_again_with_what_follows_from_it_and_nothing_else(
    finished, path, target, jobs
):
    deleted = finished / "results" / path
    aside = deleted.rename(deleted.with_name("aside"))
    try:
        found = planned(finished, *([f"results/{target}"] if target else []))
    finally:
        aside.rename(deleted)
    assert set(found) == jobs
    assert found.count("plot_timings") <= 1  # all figures in one process


def test_a_figure_that_is_none_of_the_config_s_own_is_drawn_alone(finished):
    assert planned(finished, "results/plots/speedup.png") == ["plot_on_request"]
    code, text = snakemake(finished, "results/plots/speedup.png")
    assert code == 1
    assert "no sample was run by c2c and by another method" in text
    assert planned(finished) == []


def test_a_deleted_shard_alone_is_timed_again(project):
    shards = sorted((project / "results/timings/tiny").glob("*.jsonl"))
    others = {
        path: path.stat().st_mtime_ns for path in shards if path.name != "gsm8k_main_timing.jsonl"
    }
    (project / "results" / GSM8K).unlink()
    code, text = snakemake(project, "results/summary.tsv")
    assert code == 0, text
    assert (project / "results" / GSM8K).exists()
    assert {path: path.stat().st_mtime_ns for path in others} == others
    assert planned(project, "results/summary.tsv") == []


def test_a_shard_that_a_person_wrote_over_with_other_settings_is_refused(project):
    words = ["--dataset", "gsm8k", "--num_samples", "1", "--max_new_tokens", "2"]
    command = [sys.executable, "workflow/scripts/comprehensive_timing_benchmark.py", *words]
    subprocess.run(command, cwd=project, check=True, timeout=PATIENCE)
    assert (project / "results/by_hand/timings/tiny/gsm8k_main_timing.jsonl").exists()
    assert planned(project) == []
    command += ["--output_dir", "results/timings"]
    subprocess.run(command, cwd=project, check=True, timeout=PATIENCE)
    code, text = snakemake(project, "results/summary.tsv")
    assert code == 1
    assert f"results/{GSM8K}: was timed with max_new_tokens 2 by another call" in text
    assert "Traceback" not in text
    (project / "results" / GSM8K).unlink()
    code, text = snakemake(project, "results/summary.tsv")
    assert code == 0, text
    assert pd.read_csv(project / "results/summary.tsv", sep="\t")["count"].tolist() == [2, 2, 2]


def test_a_deleted_shard_is_made_again_with_what_hangs_on_it(project):
    (project / "results/timings/tiny/gsm8k_main_timing.jsonl").unlink()
    jobs = planned(project)
    assert [job for job in jobs if job.endswith("jsonl")] == ["gsm8k_main_timing.jsonl"]
    assert {"merge_timings", "summarize_timings", "plot_timings", "write_report"} <= set(jobs)


@pytest.mark.parametrize(("path", "shards"), [
    ("workflow/datasets/mmlu.yaml", ["mmlu_virology_timing.jsonl"]),
    ("workflow/datasets/prompts/multiple_choice.jinja",
     ["ai2-arc_ARC-Easy_timing.jsonl", "mmlu_virology_timing.jsonl"]),
    ("workflow/samples/gsm8k/main.jsonl", ["gsm8k_main_timing.jsonl"]),
    ("workflow/scripts/c2c_timing/meters/clock.py", ["ai2-arc_ARC-Easy_timing.jsonl",
     "gsm8k_main_timing.jsonl", "mmlu_virology_timing.jsonl"]),
])  # fmt: skip
def test_an_edit_of_what_a_record_depends_on_times_it_again(project, path, shards):
    with (project / path).open("a") as file:
        file.write("\n")
    jobs = planned(project)
    assert sorted(job for job in jobs if job.endswith("jsonl")) == shards
    assert "summarize_timings" in jobs


@pytest.mark.parametrize(("path", "jobs"), [
    ("comprehensive_timing_benchmark.py", set()),
    ("c2c_timing/cli.py", set()),
    ("c2c_timing/shard/run.py", set()),
    ("c2c_timing/shard/passport.py", set()),
    ("c2c_timing/progress.py", {"measure_device", "merge_timings", "plot_timings"}),
    ("c2c_timing/probes/device/measure.py", {"measure_device", "find_bottlenecks"}),
    ("c2c_timing/analysis/figures/style.py", {"plot_timings", "write_report"}),
])  # fmt: skip
def test_an_edit_of_anything_else_times_nothing_again(project, path, jobs):
    with (project / "workflow/scripts" / path).open("a") as file:
        file.write("\n")
    found = set(planned(project))
    assert not [job for job in found if job.endswith("jsonl")]
    assert found >= jobs
    assert bool(found) == bool(jobs)


def test_empty_subjects_laid_over_the_default_are_all_subjects(finished):
    (finished / "empty.yaml").write_text("subjects: {}\n")
    only = "datasets=[mmlu-redux, longbench]"
    by_file = planned(finished, "--config", only, configfile="empty.yaml")
    by_word = planned(finished, "--config", only, "subjects={}", configfile=None)
    default = planned(finished, "--config", only, configfile=None)
    counts = [sum(job.endswith("jsonl") for job in jobs) for jobs in (by_file, by_word, default)]
    assert counts == [57 + 21, 57 + 21, 3 + 3]


def test_a_changed_config_reruns_all_and_another_target_only_its_own(project):
    jobs = planned(project, "--config", "seed=7")
    assert sum(job.endswith("jsonl") for job in jobs) == 3
    shutil.rmtree(project / "results" / "timings")
    assert planned(project, "results/timings/tiny/gsm8k_main_timing.jsonl") == [
        "gsm8k_main_timing.jsonl"
    ]


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
    assert "rule self_test" not in text
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


def test_the_self_test_tests_every_runtime_of_the_config(tmp_path):
    project = copy_project(tmp_path / "project")
    one = [*SHARD, "--config", "datasets=[gsm8k]", "num_samples=1", "self_test=true", "device=cpu"]
    code, text = snakemake(project, *one, "runtimes=[eager, fused]")
    log = (project / "results/logs/self_test.log").read_text()
    assert code == 0, text + log
    found = json.loads((project / "results/self_test.json").read_text())
    assert found["runtimes"] == ["eager", "fused"]
    assert {stage["runtime"] for stage in found["stages"]} == {"eager", "fused"}
    assert "fused    t2t      handover" in log
    run = json.loads((project / "results/timings/tiny/gsm8k_main_run.json").read_text())
    assert run["self_test"]["is_this_device"]
    assert run["self_test"]["untested_runtimes"] == []
    assert planned(project, *one, "runtimes=[eager, fused]") == []


def test_an_audit_stands_in_the_run_file_and_is_made_anew_when_its_code_changes(tmp_path):
    project = copy_project(tmp_path / "project")
    one = [*SHARD, "--config", "datasets=[gsm8k]", "num_samples=1", "audit=true", "device=cpu"]
    code, text = snakemake(project, *one)
    assert code == 0, text
    run = json.loads((project / "results/timings/tiny/gsm8k_main_run.json").read_text())
    assert run["audit"]["methods"]["c2c"]["launches"]["projector"]["operators"] > 0
    with (project / "workflow/scripts/c2c_timing/probes/audit/trace.py").open("a") as file:
        file.write("# edited\n")
    assert planned(project, *one) == ["gsm8k_main_timing.jsonl"]


def test_a_failed_shard_is_told_at_the_end_and_may_be_missing(project):
    """It leaves the others alone; tables wait for it, unless asked not to; mended, all is whole."""
    rows = project / "workflow/samples/gsm8k/main.jsonl"
    good = rows.read_text()
    rows.write_text('{"question": null}\n')
    (project / "results/timings/tiny/mmlu_virology_timing.jsonl").unlink()
    code, text = snakemake(project, "--quiet", "all")
    assert code == 1
    table = text[text.index("1 job failed") :].splitlines()
    assert "tiny/gsm8k/main" in table[1]
    assert "column 'question' is empty" in table[1]
    assert table[1].endswith("results/logs/time_shard/tiny/gsm8k_main.log")
    assert (project / "results/timings/tiny/mmlu_virology_timing.jsonl").exists()

    code, text = snakemake(project, "--config", "allow_missing=true")
    assert code == 0, text
    assert "1 of 3 shards are missing" in text
    states = pd.read_csv(project / "results/coverage.tsv", sep="\t").set_index("dataset")["state"]
    assert states.to_dict() == {"gsm8k": "missing", "mmlu": "done", "ai2-arc": "done"}
    summary = pd.read_csv(project / "results/summary.tsv", sep="\t").set_index("dataset")
    assert summary["count"].to_dict() == {"gsm8k": 0, "mmlu": 2, "ai2-arc": 2}
    assert summary["partial"].all()
    assert "1 of 3 shards are missing" in (project / "results/report.html").read_text()

    rows.write_text(good)
    code, text = snakemake(project, "results/summary.tsv")
    assert code == 0, text
    summary = pd.read_csv(project / "results/summary.tsv", sep="\t")
    assert summary["count"].tolist() == [2, 2, 2]
    assert not summary["partial"].any()


@pytest.mark.parametrize("words", [
    ("dataset=[gsm8k]", "did you mean datasets"), ("datasets=[gsm8]", "did you mean gsm8k"),
    ("num_samples=0", "num_samples"), ("pairs=[tinny]", "did you mean tiny"),
    ("methods=[c3c]", "did you mean c2c"), ("runtimes=[eagre]", "did you mean eager"),
])  # fmt: skip
def test_a_wrong_config_stops_at_once_with_one_line(finished, words):
    code, text = snakemake(finished, "--dry-run", "--config", words[0])
    assert code == 1
    assert words[1] in text
    assert "Traceback" not in text


def test_all_methods_compared(tmp_path):
    project = copy_project(tmp_path / "project")
    compare = yaml.safe_load((project / "configs/compare.yaml").read_text())
    small = SMALL | compare | {"num_samples": 5, "message_max_tokens": 4}
    (project / "compare.yaml").write_text(yaml.safe_dump(small))
    # Who asks for the speed-ups gets them, without figures and without a look at the device.
    jobs = planned(project, "results/speedup.tsv", configfile="compare.yaml")
    assert {job for job in jobs if not job.endswith("jsonl")} == {
        "list_shards", "merge_timings", "compare_methods"
    }  # fmt: skip
    code, text = snakemake(project, configfile="compare.yaml")
    assert code == 0, text
    results = project / "results"
    speedup = pd.read_csv(results / "speedup.tsv", sep="\t")
    scopes = speedup.groupby("length_view")["scope"].value_counts()
    assert scopes["natural"].to_dict() == scopes["fixed"].to_dict()
    assert scopes["fixed"].to_dict() == {"overall": 3, "data set": 9, "subject": 9}
    assert set(speedup["verdict"]) <= {"faster", "slower", "not distinguishable"}
    assert set(pd.read_csv(results / "breakeven.tsv", sep="\t")["dataset"].fillna("")) == {
        "", *SMALL["datasets"]
    }  # fmt: skip
    assert len(list((results / "plots").glob("*.png"))) == 7
    records = pd.read_parquet(results / "timings.parquet")
    # 5 samples of two data sets and the 2 of the third, 4 methods, 2 length views, 3 repeats
    assert len(records) == (5 + 5 + 2) * 4 * 2 * 3
    turns = records.groupby(["dataset", "id", "repeat"])["order"].apply(sorted)
    assert all(places == list(range(1, 9)) for places in turns)
    fixed = records[records["length_view"] == "fixed"]
    assert set(fixed["num_generated_tokens"]) == {SMALL["max_new_tokens"]}
    assert set(fixed["num_teacher_tokens"].dropna()) == {4}
    assert records["correct"].isna().all()  # made-up weights are never right or wrong


def test_runtimes_compared(tmp_path):
    project = copy_project(tmp_path / "project")
    runtimes = {"runtimes": ["eager", "fused"], "methods": ["c2c", "base", "t2t"]}
    small = SMALL | runtimes | {"message_max_tokens": 4, "length_views": ["fixed"]}
    (project / "runtimes.yaml").write_text(yaml.safe_dump(small))
    by_data_set = "results/plots/ladder_by_data_set.png"
    code, text = snakemake(project, "all", by_data_set, configfile="runtimes.yaml")
    assert code == 0, text
    results = project / "results"
    ladder = pd.read_csv(results / "ladder.tsv", sep="\t").fillna({"dataset": ""})
    assert set(ladder["dataset"]) == {"", *SMALL["datasets"]}
    overall = ladder[ladder["dataset"] == ""]
    assert overall[["runtime", "method", "num_samples"]].to_numpy().tolist() == [
        [runtime, method, 6] for runtime in ("eager", "fused") for method in ("base", "t2t", "c2c")
    ]
    assert overall["request_ms_low"].notna().all()
    verdicts = overall.loc[overall["method"] != "c2c", "c2c_verdict"]
    assert set(verdicts) <= {"faster", "slower", "not distinguishable"}
    assert "Where does the verdict turn?" in (results / "report.html").read_text()
    for log in ("write_ladder.log", "compare_methods.log"):
        assert "C2C against base alone: " in (results / "logs" / log).read_text()
    assert (results / "plots" / "ladder.svg").is_file()
    assert (project / by_data_set).is_file()
