"""A whole run in which every method is compared under two runtimes, in a copy of the project."""

from __future__ import annotations

import pandas as pd
import pytest
import yaml
from pipeline_runs import SMALL, copy_project, planned, snakemake, with_a_device

from c2c_timing.analysis.deciding import FASTER, SAME, SLOWER, UNTOLD

pytestmark = pytest.mark.pipeline

RUNTIMES, METHODS = ("eager", "fused"), ("base", "teacher", "t2t", "c2c")
# Samples of two data sets; the third has but two.
SAMPLES, REPEATS = 3, 2
# Any of them: how fast a machine was does not fail a test.
VERDICTS = {FASTER, SLOWER, SAME, UNTOLD}


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    project = copy_project(tmp_path_factory.mktemp("compared") / "project")
    compare = yaml.safe_load((project / "configs/compare.yaml").read_text())
    small = SMALL | compare | {"num_samples": SAMPLES, "repeats": REPEATS, "message_max_tokens": 4}
    (project / "compare.yaml").write_text(yaml.safe_dump(small))
    (project / "both.yaml").write_text(yaml.safe_dump(small | {"runtimes": [*RUNTIMES]}))
    return project


@pytest.fixture(scope="module")
def compared(prepared):
    with_a_device(prepared)
    by_data_set = "results/plots/ladder_by_data_set.png"
    code, text = snakemake(prepared, "all", by_data_set, configfile="both.yaml")
    assert code == 0, text
    return prepared / "results"


def test_who_asks_for_the_speed_ups_gets_them_without_figures_and_without_a_look_at_the_device(
    prepared,
):
    jobs = planned(prepared, "results/speedup.tsv", "--forceall", configfile="compare.yaml")
    assert {job for job in jobs if not job.endswith("jsonl")} == {
        "list_shards", "merge_timings", "compare_methods"
    }  # fmt: skip
    assert sum(job.endswith("jsonl") for job in jobs) == len(SMALL["datasets"])
    every = planned(prepared, "--forceall", configfile="compare.yaml")
    assert (every.count("plot_timings"), every.count("plot_floors")) == (1, 1)


def test_all_methods_compared(compared):
    speedup = pd.read_csv(compared / "speedup.tsv", sep="\t")
    of_methods = speedup[speedup["against_runtime"] == speedup["runtime"]]
    for runtime in RUNTIMES:
        rows = of_methods[of_methods["runtime"] == runtime]
        scopes = rows.groupby("length_view")["scope"].value_counts()
        assert scopes["natural"].to_dict() == scopes["fixed"].to_dict()
        # Three methods, and C2C itself under another name.
        assert scopes["fixed"].to_dict() == {"overall": 4, "data set": 12, "subject": 12}
    assert set(speedup["verdict"]) <= VERDICTS
    assert set(pd.read_csv(compared / "breakeven.tsv", sep="\t")["dataset"].fillna("")) == {
        "", *SMALL["datasets"]
    }  # fmt: skip
    pictures = {path.stem for path in (compared / "plots").glob("*.png")}
    assert len(pictures) == 9 + 2 and pictures > {"ladder", "ladder_by_data_set"}
    records = pd.read_parquet(compared / "timings.parquet")
    # 5 arms, 2 length views, 2 runtimes
    assert len(records) == (SAMPLES + SAMPLES + 2) * 5 * 2 * 2 * REPEATS
    turns = records.groupby(["dataset", "id", "repeat"])["order"].apply(sorted)
    assert all(places == list(range(1, 21)) for places in turns)
    fixed = records[records["length_view"] == "fixed"]
    assert set(fixed["num_generated_tokens"]) == {SMALL["max_new_tokens"]}
    assert set(fixed["num_teacher_tokens"].dropna()) == {4}
    assert records["correct"].isna().all()  # made-up weights are never right or wrong


def test_runtimes_compared(compared):
    ladder = pd.read_csv(compared / "ladder.tsv", sep="\t").fillna({"dataset": ""})
    assert set(ladder["dataset"]) == {"", *SMALL["datasets"]}
    overall = ladder[(ladder["dataset"] == "") & (ladder["length_view"] == "fixed")]
    assert overall[["runtime", "method", "num_samples"]].to_numpy().tolist() == [
        [runtime, method, SAMPLES + SAMPLES + 2] for runtime in RUNTIMES for method in METHODS
    ]
    assert overall["request_ms_low"].notna().all()
    verdicts = overall.loc[overall["method"] != "c2c", "c2c_verdict"]
    assert set(verdicts) <= VERDICTS
    assert "Where does the verdict turn?" in (compared / "report.html").read_text()
    for log in ("write_ladder.log", "compare_methods.log"):
        assert "C2C against base alone: " in (compared / "logs" / log).read_text()
    assert (compared / "plots" / "ladder.svg").is_file()
