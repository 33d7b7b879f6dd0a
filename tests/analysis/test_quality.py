"""Each mark appears where it should, and nowhere else."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from analysis.invented import invent, write
from hypothesis import given, settings
from hypothesis import strategies as st

import merge_timings
import summarize_timings
from c2c_timing.analysis.columns import ERROR_COLUMNS, TIMING_KEYS
from c2c_timing.analysis.merge import kept_apart, merge
from c2c_timing.analysis.quality import judge
from c2c_timing.analysis.quality_sentences import quality_lines, quality_sentences, verdict
from c2c_timing.analysis.record_lines import OPTIONAL
from c2c_timing.analysis.relative_times import medians_of, relative_times
from c2c_timing.analysis.runs import read_watched
from c2c_timing.analysis.summary import KEYS, summarize
from c2c_timing.errors import UserError

NO_ERRORS = pd.DataFrame(columns=ERROR_COLUMNS)
SHARD = ("tiny", "gsm8k", "main", "cpu", "float32", "dummy")


def requests(seed=0, samples=40, repeats=1, noise=0.02, **columns):
    """Merged records of one row: times grow with prompt and answer, and nothing is wrong."""
    rng = np.random.default_rng(seed)
    number = samples * repeats
    prompt, answer = (
        np.repeat(rng.integers(low, high, samples), repeats) for low, high in ((50, 2000), (8, 64))
    )
    ideal = 5 + 0.02 * prompt + 4e-6 * prompt**2 + 0.8 * answer
    table = pd.DataFrame([_flat()]).drop(columns=["id"]).loc[[0] * number].reset_index(drop=True)
    return (
        table.astype(dict.fromkeys(TIMING_KEYS, float))
        .assign(
            setup="",
            id=[f"x{n}" for n in np.repeat(np.arange(samples), repeats)],
            repeat=np.tile(np.arange(repeats) + 1, samples),
            prompt_length=prompt,
            num_generated_tokens=answer.astype(float),
            total_time_ms=ideal * rng.lognormal(0, noise, number),
        )
        .assign(**columns)
    )


def _flat():
    record = invent()
    config = {f"model_config.{key}": value for key, value in record.pop("model_config").items()}
    return OPTIONAL | record | config | record.pop("timing")


def slowed(table, factors):
    return table.assign(total_time_ms=table["total_time_ms"] * factors)


def drifting(table, by=0.3):
    return slowed(table, np.linspace(1, 1 + by, len(table)))


def with_outliers(table, every=8):
    return slowed(table, np.where(np.arange(len(table)) % every == 3, 4.0, 1.0))


def flagged(table, number):
    return table.assign(residual_flag=np.arange(len(table)) < number)


def judged(*tables, throttled=(), busy=None):
    return summarize(pd.concat(tables, ignore_index=True), NO_ERRORS, throttled, busy or {})


SHAPES = pytest.mark.parametrize("shape", [
    {}, {"repeats": 3}, {"samples": 20, "repeats": 2},
], ids=["one request a sample", "three", "two"])  # fmt: skip


@SHAPES
@pytest.mark.parametrize(("spoil", "mark"), [
    (lambda table: table, "ok"),
    (drifting, "drifting"),
    (lambda table: drifting(table, -0.2), "drifting"),
    (with_outliers, "unstable"),
    (lambda table: flagged(table, 3), "residual"),
    (lambda table: drifting(flagged(table, 3)), "residual"),
    (lambda table: drifting(table, 0.02), "ok"),
    (lambda table: with_outliers(table, every=len(table)), "ok"),
], ids=["clean", "slower", "faster", "outliers", "residual", "residual and drift",
        "a drift that does not matter", "one outlier"])  # fmt: skip
def test_marks(shape, spoil, mark):
    row = judged(spoil(requests(**shape))).iloc[0]
    assert row["quality"] == mark
    assert pd.isna(row["quality_advice"]) == (mark == "ok")


@SHAPES
def test_noise_is_unstable_and_no_drift(shape):
    row = judged(requests(noise=0.3, **shape)).iloc[0]
    assert row["quality"] == "unstable"
    assert row["variation"] == pytest.approx(0.3, abs=0.1)


@SHAPES
@pytest.mark.parametrize("noise", [0.0, 0.01, 0.05])
def test_clean_noise_is_ok_in_nearly_all_trials(shape, noise):
    trials = [requests(seed, noise=noise, subject=str(seed), **shape) for seed in range(100)]
    table = judge(pd.concat(trials).groupby(KEYS))
    assert (table["quality"] == "ok").sum() >= 95


def test_the_numbers_are_what_was_put_in():
    row = judged(flagged(with_outliers(requests(samples=400, noise=0.03), every=40), 2)).iloc[0]
    assert row["outlier_share"] == pytest.approx(1 / 40)
    assert row["flagged_share"] == pytest.approx(2 / 400)
    assert row["variation"] == pytest.approx(0.03, abs=0.005)
    assert judged(drifting(requests(samples=400), 0.3)).iloc[0]["drift"] == pytest.approx(
        1.25 / 1.05 - 1, abs=0.02
    )


@pytest.mark.parametrize("repeats", [1, 3])
def test_processes_that_lie_apart_are_neither_drift_nor_spread(repeats):
    one = requests(repeats=repeats)
    apart = pd.concat([one, slowed(one, 1.3).assign(process=2)], ignore_index=True)
    assert judged(apart)["quality"].tolist() == ["ok"]
    assert judged(with_outliers(apart, every=9))["quality"].tolist() == ["unstable"]


def test_a_mark_stays_on_its_own_row():
    tables = {
        "clean": requests(1), "drift": drifting(requests(2)), "outliers": with_outliers(requests(3)),
        "wrong": flagged(requests(4), 20),
    }  # fmt: skip
    table = judged(*(rows.assign(subject=name) for name, rows in tables.items()))
    assert dict(zip(table["subject"], table["quality"], strict=True)) == {
        "clean": "ok", "drift": "drifting", "outliers": "unstable", "wrong": "residual",
    }  # fmt: skip
    sentences = quality_sentences(table.to_dict("records"))
    assert sentences[0].startswith("3 of 4 rows of the summary are not ok (")
    assert sentences[0].endswith("; 1 is ok.")
    assert sum("drift," in sentence and "drifting" in sentence for sentence in sentences) == 1
    assert "12.5% of all records are flagged" in sentences[-1]


def test_methods_and_views_are_judged_apart():
    table = judged(
        requests(1), drifting(requests(2, method="base")), requests(3, length_view="fixed")
    )
    marks = table.set_index(["method", "length_view"])["quality"]
    assert marks.loc[("base", "natural")] == "drifting"
    assert (marks.drop(("base", "natural")) == "ok").all()


@pytest.mark.parametrize(("column", "values"), [
    ("model_config.device", ("cpu", "NVIDIA H100")), ("model_config.dtype", ("float32", "bfloat16")),
    ("model_config.weights", ("dummy", "real")), ("runtime", ("eager", "compiled")),
])  # fmt: skip
def test_mixed_records_are_rows_of_their_own_and_none_looks_unstable(column, values):
    slow, fast = requests(1), slowed(requests(2), 0.1)
    mixed = pd.concat([slow.assign(**{column: values[0]}), fast.assign(**{column: values[1]})])
    table = judged(mixed.sample(frac=1, random_state=0))
    assert table["count"].tolist() == [40, 40]
    assert table[column].tolist() == sorted(values)
    assert table["quality"].tolist() == ["ok", "ok"]


def test_throttling_marks_the_shard_of_that_device_alone():
    tables = [requests(1), requests(2, subject="other"), requests(3, method="base")]
    tables.append(requests(4, **{"model_config.device": "NVIDIA H100"}))
    table = judged(*tables, throttled={SHARD})
    hit = (table["subject"] == "main") & (table["model_config.device"] == "cpu")
    assert (table.loc[hit, "quality"] == "throttled").all()
    assert (table.loc[~hit, "quality"] == "ok").all()
    whole_file = judged(*tables, throttled={("tiny", None, None, "cpu", "float32", "dummy")})
    assert (whole_file["quality"] == "throttled").tolist() == (
        whole_file["model_config.device"] == "cpu"
    ).tolist()


def test_too_few_requests_are_unjudged_unless_something_speaks_against_them():
    few = with_outliers(requests(samples=7, noise=0.5))
    row = judged(few).iloc[0]
    assert row["quality"] == "unjudged"
    assert "too few" in row["quality_advice"]
    assert row[["variation", "drift", "outlier_share"]].isna().all()
    assert judged(flagged(few, 1)).iloc[0]["quality"] == "residual"
    assert judged(few, throttled={SHARD}).iloc[0]["quality"] == "throttled"
    assert judged(few, busy={SHARD: "at a load"}).iloc[0]["quality"] == "busy"
    repeated = judged(requests(samples=1, repeats=8, noise=0.01)).iloc[0]
    assert repeated["quality"] == "unjudged", "of one visit no drift can be told"


def test_one_record_and_rows_without_records(tmp_path):
    lost = {"id": "f", "dataset": "gsm8k", "subject": "lost", "pair": "tiny", "method": None,
            "stage": "request", "error_type": "E", "message": "m"}  # fmt: skip
    table = summarize(*merge([write(tmp_path, [invent()], [lost])]))
    assert table["quality"].fillna("").tolist() == ["unjudged", ""]
    assert quality_sentences(table.to_dict("records")) == [
        "1 of 1 rows of the summary are unjudged (too few requests); none are ok."
    ]


@pytest.mark.parametrize(("marks", "said"), [
    (["ok"] * 24, "All 24 rows of the summary are ok."),
    (["ok", "unjudged", "ok"],
     "1 of 3 rows of the summary are unjudged (too few requests); 2 are ok."),
    (["busy", "unjudged", "ok", "busy", "drifting"],
     "3 of 5 rows of the summary are not ok (2 busy, 1 drifting); 1 of 5 are unjudged (too few "
     "requests); 1 is ok."),
    (["busy"] * 24, "24 of 24 rows of the summary are not ok (24 busy); none are ok."),
])  # fmt: skip
def test_the_verdict_counts_every_mark(marks, said):
    rows = [{"count": 8, "quality": mark, "quality_advice": f"of {mark}"} for mark in marks]
    assert verdict([*rows, {"count": 0, "quality": None}]) == said
    lines = quality_lines(rows)
    assert lines[0] == f"quality: {said}"
    assert lines[1:] == [f"  {mark}: of {mark}" for mark in sorted({*marks} - {"ok"})]
    assert quality_lines([]) == []


def test_prompts_sorted_by_length_are_no_drift():
    table = requests(samples=60).sort_values("prompt_length", ignore_index=True)
    assert judged(table).iloc[0]["quality"] == "ok"


@settings(max_examples=20)
@given(st.floats(0.01, 100), st.integers(0, 5))
def test_the_unit_of_time_changes_nothing(factor, seed):
    table = with_outliers(drifting(requests(seed, repeats=2), 0.1))
    numbers = ["variation", "drift", "outlier_share"]
    expected = judge(table.groupby(KEYS))[numbers].astype(float)
    found = judge(slowed(table, factor).groupby(KEYS))[numbers].astype(float)
    np.testing.assert_allclose(found, expected, rtol=1e-5)


@given(st.lists(st.tuples(st.integers(0, 4), st.floats(0, 100)), min_size=1, max_size=30))
def test_medians_of_groups(pairs):
    group, values = map(np.array, zip(*pairs, strict=True))
    group = np.unique(group, return_inverse=True)[1]
    expected = [np.median(values[group == n]) for n in range(group.max() + 1)]
    np.testing.assert_allclose(medians_of(values, group), expected)


def test_a_sample_is_compared_with_itself_where_it_can_be():
    ms = np.array([10.0, 11, 10, 100, 110, 100, 1, 1, 7])
    sample = np.array([0, 0, 0, 1, 1, 1, 2, 2, 3])
    relative = relative_times(ms, np.zeros(9, int), sample, np.ones((9, 1)), groups=1)
    assert list(relative.spent) == [3]
    np.testing.assert_allclose(relative.times, [1, 1.1, 1, 1, 1.1, 1, 1, 1, np.nan])


def run_file(folder, throttled, **identity):
    run = {
        "pair": "tiny", "dataset": "gsm8k", "subject": "main", "watch": {"throttled": throttled},
        "model_config": {"device": "cpu", "dtype": "float32", "weights": "dummy"},
    } | identity  # fmt: skip
    path = folder / f"{identity.get('subject', 'main')}_run.json"
    path.write_text(json.dumps(run))
    return path


def test_throttled_shards_are_read_from_their_runs(tmp_path):
    hot = run_file(tmp_path, True)
    others = [run_file(tmp_path, False, subject="cool"), run_file(tmp_path, None, subject="old")]
    assert read_watched([hot, *others, tmp_path / "missing_run.json"])[0] == {SHARD}
    hot.write_text("[]")
    with pytest.raises(UserError, match="not a shard's run file"):
        read_watched([hot])[0]


@pytest.mark.parametrize(("load", "cores", "mark"), [
    (18.0, 2, "busy"), (2.1, 2, "busy"), (2.0, 2, "ok"), (18.0, 64, "ok"), (None, 2, "ok"),
    (18.0, None, "ok"),
])  # fmt: skip
def test_a_load_above_the_cores_counts_against_the_shard(tmp_path, load, cores, mark):
    watch = {"throttled": False, "load_1m": load and {"first": 1.0, "last": 1.0, "max": load}}
    path = run_file(tmp_path, False, watch=watch, cpu={"logical_cores": cores})
    busy = read_watched([path, run_file(tmp_path, False, subject="old"), tmp_path / "no_run.json"])[
        1
    ]
    table = judged(requests(1), requests(2, subject="other"), busy=busy)
    assert table["quality"].tolist() == [mark, "ok"]
    if mark == "busy":
        assert f"load of {load:.1f} on {cores} cores" in table["quality_advice"][0]


def test_the_commands_say_what_is_kept_apart_and_mark_throttling(tmp_path, capsys):
    fast = invent(1)
    fast["model_config"] = {**fast["model_config"], "device": "NVIDIA H100", "dtype": "bfloat16"}
    folder = tmp_path / "timings" / "tiny"
    folder.mkdir(parents=True)
    write(folder, [invent(0), fast], name="gsm8k_main")
    run_file(folder, True).rename(folder / "gsm8k_main_run.json")
    manifest, timings, errors, summary = (tmp_path / n for n in ("s.tsv", "t", "e.tsv", "s"))
    manifest.write_text("pair\tdataset\tsubject\ntiny\tgsm8k\tmain\n")
    shards = ["--manifest", manifest, "--timings-dir", tmp_path / "timings"]
    merged = [*shards, "--output", timings, "--errors-output", errors]
    assert merge_timings.main([*map(str, merged)]) == 0
    said = capsys.readouterr().err
    assert "2 devices (NVIDIA H100, cpu); 2 dtypes (bfloat16, float32)" in said
    assert said.count("\n") == 1
    flags = [*shards, "--timings", timings, "--errors", errors, "--output", summary]
    assert summarize_timings.main([*map(str, flags)]) == 0
    table = pd.read_csv(summary, sep="\t").set_index("device")
    assert table["quality"].to_dict() == {"NVIDIA H100": "unjudged", "cpu": "throttled"}
    said = "1 of 2 rows of the summary are not ok (1 throttled); 1 of 2 are unjudged"
    assert capsys.readouterr().out.startswith(said)
    assert table["count"].tolist() == [1, 1]


def test_records_of_one_setting_are_merged_without_a_word(tmp_path):
    table, _ = merge([write(tmp_path, [invent(n) for n in range(3)])])
    assert kept_apart(table) is None
