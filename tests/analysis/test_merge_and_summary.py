from __future__ import annotations

import copy

import numpy as np
import pandas as pd
import pytest
from analysis.invented import LACKS, invent, write

from c2c_timing.analysis.columns import ERROR_COLUMNS
from c2c_timing.analysis.figures import FIGURES
from c2c_timing.analysis.figures.style import save
from c2c_timing.analysis.merge import merge, read_timings, write_parquet, write_tsv
from c2c_timing.analysis.summary import summarize
from c2c_timing.errors import UserError


def test_round_trip_keeps_values_and_nulls(tmp_path):
    records = [invent(n, method=method) for n in range(5) for method in ("c2c", "base")]
    table, errors = merge([write(tmp_path, records)])
    write_parquet(table, tmp_path / "t.parquet")
    table = read_timings(tmp_path / "t.parquet")
    assert errors.empty
    assert list(errors.columns) == ERROR_COLUMNS
    for record, (_, row) in zip(records, table.iterrows(), strict=True):
        assert row["decode_step_times_ms"].tolist() == record["decode_step_times_ms"]
        for key, value in record["timing"].items():
            assert (value is None and pd.isna(row[key])) or row[key] == value


@pytest.mark.parametrize("spoil", [
    lambda r: r.pop("id"), lambda r: r["timing"].pop("ttft_ms"), lambda r: r.update(prompt_length="x"),
    lambda r: r["timing"].update(ttft_ms="fast"),
])  # fmt: skip
def test_a_wrong_record_names_file_and_line(tmp_path, spoil):
    wrong = copy.deepcopy(invent(1))
    spoil(wrong)
    with pytest.raises(UserError, match=r"a_timing\.jsonl:2"):
        merge([write(tmp_path, [invent(0), wrong])])


def test_torn_line_and_no_records(tmp_path):
    path = write(tmp_path, [invent()])
    path.write_text(path.read_text() + '{"id":')
    with pytest.raises(UserError, match=":2: not JSON"):
        merge([path])
    with pytest.raises(UserError, match="no records"):
        merge([write(tmp_path, [], name="empty")])


def test_summary_quantiles_and_missing_stages(tmp_path):
    records = [invent(n, method=m) for n in range(40) for m in ("c2c", "base")]
    table, _ = merge([write(tmp_path, records)])
    summary = summarize(table, pd.DataFrame(columns=ERROR_COLUMNS)).set_index("method")
    values = [r["timing"]["ttft_ms"] for r in records if r["method"] == "c2c"]
    for name, expected in {
        "mean": np.mean(values), "std": np.std(values, ddof=1), "median": np.median(values),
        "p90": np.quantile(values, 0.9),
    }.items():  # fmt: skip
        assert summary.loc["c2c", f"ttft_ms_{name}"] == pytest.approx(expected)
    assert pd.isna(summary.loc["c2c", "ttft_ms_p99"])  # of 40 requests
    assert pd.isna(summary.loc["base", "projector_total_ms_mean"])
    assert summary["count"].tolist() == [40, 40]


def test_failures_are_counted_where_they_belong(tmp_path):
    def failure(method, subject="main"):
        return {"id": "f", "dataset": "gsm8k", "subject": subject, "pair": "tiny", "method": method,
                "stage": "request", "error_type": "E", "message": "m"}  # fmt: skip

    errors = [failure(None), failure("c2c"), failure(None, "lost")]
    records = [invent(n, method=m) for n in range(2) for m in ("c2c", "base")]
    summary = summarize(*merge([write(tmp_path, records, errors)]))
    by = summary.set_index(["subject", "method"])
    assert by.loc[("main", "c2c"), "failed"] == 2
    assert by.loc[("main", "base"), "failed"] == 1
    lost = summary[summary["subject"] == "lost"].iloc[0]
    assert (lost["count"], lost["failed"]) == (0, 1)


def test_other_devices_and_dtypes_are_never_averaged(tmp_path):
    changed = invent(1)
    changed["model_config"] = {**changed["model_config"], "dtype": "bfloat16"}
    summary = summarize(*merge([write(tmp_path, [invent(0), changed])]))
    assert summary["count"].tolist() == [1, 1]


COMPARED = [
    invent(n, dataset=d, method=m, pair=p, length_view=v)
    for n in range(3) for d in ("gsm8k", "mmlu") for m in LACKS
    for p, v in (("tiny", "natural"), ("big", "fixed"))
]  # fmt: skip


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("records", [
    [invent()], COMPARED,
], ids=["one record", "two pairs, four methods, two views"])  # fmt: skip
def test_figures(tmp_path, name, records):
    table, _ = merge([write(tmp_path, records)])
    table["started_at"] = pd.date_range("2026-01-01", periods=len(table), freq="s").astype(str)
    compares = name in ("speedup", "break_even") and len(records) == 1
    if compares or name.startswith("ladder"):  # all are of one runtime
        with pytest.raises(UserError, match=r"nothing to compare|no break-even|no ladder"):
            FIGURES[name](table)
        return
    files = []
    for turn in "a" if len(records) == 1 else "ab":
        figure = FIGURES[name](table)
        labels = [text for axis in figure.axes for text in (axis.get_xlabel(), axis.get_ylabel())]
        save(figure, tmp_path / f"{turn}.png", tmp_path / f"{turn}.svg")
        files.append((tmp_path / f"{turn}.svg").read_bytes())
        assert (tmp_path / f"{turn}.png").stat().st_size > 5000
    assert any(unit in text for text in labels for unit in ("(ms)", "(tokens", "(ratio)"))
    assert len(set(files)) == 1  # who draws the same records gets the same picture


def test_records_that_know_no_length_view_still_count(tmp_path):
    old = invent()
    for key in ("length_view", "repeat", "order", "correct", "teacher_prompt_length"):
        del old[key]
    for key in ("teacher_decode_total_ms", "num_teacher_tokens", "handover_ms"):
        del old["timing"][key]
    table, errors = merge([write(tmp_path, [old])])
    assert table[["length_view", "repeat"]].iloc[0].tolist() == ["natural", 1]
    assert summarize(table, errors)["count"].tolist() == [1]


def test_the_largest_peak_of_memory_counts_and_none_where_none_is_known(tmp_path):
    records = [invent(n, peak_memory_bytes=peak) for n, peak in enumerate((3_000_000_001, 5, None))]
    records[0] |= {"other_runtimes_bytes": 1_000_000_000, "scratch_bytes": 200}
    records += [invent(9, method="base")]  # from before there was such a key
    summary = summarize(*merge([write(tmp_path, records)]))
    write_tsv(summary, tmp_path / "summary.tsv")
    peaks = pd.read_csv(tmp_path / "summary.tsv", sep="\t", dtype=str).set_index("method")
    assert peaks["peak_memory_bytes_max"].fillna("").to_dict() == {"base": "", "c2c": "3000000001"}
    own = peaks["own_peak_memory_bytes_max"].fillna("").to_dict()
    assert own == {"base": "", "c2c": "2000000201"}


def test_accuracy_counts_only_answers_that_could_be_judged(tmp_path):
    verdicts = [True, False, True, None, None]
    records = [invent(n, correct=verdict) for n, verdict in enumerate(verdicts)]
    records += [invent(n, method="base") for n in range(2)]
    summary = summarize(*merge([write(tmp_path, records)])).set_index("method")
    seconds = sum(r["timing"]["total_time_ms"] for r in records[:3]) / 1e3
    assert summary.loc["c2c", "judged"] == 3
    assert summary.loc["c2c", "accuracy"] == pytest.approx(2 / 3)
    assert summary.loc["c2c", "seconds_per_correct_answer"] == pytest.approx(seconds / 2)
    assert summary.loc["base", ["judged", "accuracy", "seconds_per_correct_answer"]].isna().all()


def test_medians_have_intervals_that_count_samples(tmp_path):
    records = [invent(n, repeat=r) for n in range(10) for r in (1, 2)]
    row = summarize(*merge([write(tmp_path, records)])).iloc[0]
    assert (row["count"], row["samples"]) == (20, 10)
    assert row["ttft_ms_median_low"] < row["ttft_ms_median"] < row["ttft_ms_median_high"]
    assert pd.isna(row["handover_ms_median_low"])
