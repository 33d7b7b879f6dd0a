"""Whole runs of the pipeline, in a copy of the project."""

from __future__ import annotations

import json
import shutil
import subprocess

import pandas as pd
import pytest
import yaml
from patience import PATIENCE
from pipeline_runs import SMALL, copy_finished, copy_project, dry_run, planned, snakemake
from warm_python import warm_python

pytestmark = pytest.mark.pipeline


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    project = copy_project(tmp_path_factory.mktemp("pipeline") / "project")
    code, text = snakemake(project)
    assert code == 0, text
    return project


@pytest.fixture
def project(finished, tmp_path):
    """A finished project of one's own."""
    return copy_finished(finished, tmp_path / "project")


def test_everything_is_there(finished):
    results = finished / "results"
    summary = pd.read_csv(results / "summary.tsv", sep="\t")
    assert set(summary["dataset"]) == set(SMALL["datasets"])
    assert summary["count"].tolist() == [2, 2, 2]
    assert summary["failed"].tolist() == [0, 0, 0]
    assert len(list((results / "plots").glob("*.png"))) == 7
    assert len(list((results / "plots").glob("*.svg"))) == 7
    assert "<html" in (results / "report.html").read_text()
    (cold,) = pd.read_csv(results / "coldstart.tsv", sep="\t").to_dict("records")
    assert (cold["method"], cold["runtime"], cold["num_cold_requests"]) == ("c2c", "eager", 3)
    assert cold["loading_s"] > 0 and cold["cold_ms"] > 0
    assert "| C2C |" in (results / "stage_table.md").read_text()
    assert not (results / "speedup.tsv").exists()  # one method has nothing to be compared with
    assert len(pd.read_parquet(results / "timings.parquet")) == 6
    bottlenecks = pd.read_csv(results / "bottlenecks.tsv", sep="\t")
    assert set(bottlenecks["dataset"]) == set(SMALL["datasets"])
    assert bottlenecks["time_over_floor"].notna().all()


def test_very_many_shards_can_be_listed(tmp_path):
    project = copy_project(tmp_path / "project")
    names = [f"subject_{number:05}_of_a_large_data_set" for number in range(4000)]
    card = yaml.safe_load((project / "workflow" / "datasets" / "gsm8k.yaml").read_text())
    card["subjects"] = {name: {} for name in names}
    (project / "workflow" / "datasets" / "large.yaml").write_text(yaml.safe_dump(card))
    code, text = snakemake(project, "results/shards.tsv", "--config", "datasets=[large]")
    assert code == 0, text
    listed = (project / "results" / "shards.tsv").read_text().splitlines()
    assert listed == ["pair\tdataset\tsubject", *(f"tiny\tlarge\t{name}" for name in names)]


def test_a_subject_in_chunks_is_one_row_and_other_chunks_are_left_out(project):
    target, config = "results/summary.tsv", ("--config", "datasets=[gsm8k]", "num_samples=3")
    timings = project / "results" / "timings" / "tiny"

    def ids():
        return sorted(pd.read_parquet(project / "results" / "timings.parquet")["id"])

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
                               "find_bottlenecks", "write_stage_table", "write_cold_start",
                               "write_report"}),
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


def test_a_shard_that_a_person_wrote_over_is_refused_and_once_deleted_it_alone_is_timed_again(
    project,
):
    others = {
        path: path.stat().st_mtime_ns
        for path in (project / "results/timings/tiny").glob("*.jsonl")
        if path.name != "gsm8k_main_timing.jsonl"
    }
    words = ["--dataset", "gsm8k", "--num_samples", "1", "--max_new_tokens", "2"]
    python = warm_python().bin / "python"
    command = [python, "workflow/scripts/comprehensive_timing_benchmark.py", *words]
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
    assert (project / "results" / GSM8K).exists()
    assert len(others) == 2
    assert {path: path.stat().st_mtime_ns for path in others} == others
    assert planned(project, "results/summary.tsv") == []


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
    code, text = dry_run(finished, "--config", words[0])
    assert code == 1
    assert words[1] in text
    assert "Traceback" not in text


def test_numbers_within_lists_and_mappings_of_the_command_line_are_numbers(finished):
    lengths = ("source=synthetic", "prompt_tokens=[64,512]", "resources={runtime_minutes: 7}")
    code, text = dry_run(finished, "--config", *lengths)
    assert code == 0, text
