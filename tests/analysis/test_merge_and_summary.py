from __future__ import annotations

import copy
import json

import numpy as np
import pandas as pd
import pytest

from c2c_timing.analysis.figures import FIGURES
from c2c_timing.analysis.figures.style import save
from c2c_timing.analysis.merge import merge, read_timings, write_parquet
from c2c_timing.analysis.records import ERROR_COLUMNS, TIMING_KEYS
from c2c_timing.analysis.report import render
from c2c_timing.analysis.summary import summarize
from c2c_timing.errors import UserError


def invent(seed=0, **changes):
    rng = np.random.default_rng(seed)
    steps = rng.gamma(20, 0.05, 8).tolist()
    alone = changes.get("method") == "base"
    timing = {key: float(rng.gamma(10, 0.5)) for key in TIMING_KEYS}
    timing |= {"decode_total_ms": sum(steps), "projector_calls": 4, "num_generated_tokens": 8}
    if alone:
        for key in TIMING_KEYS:
            if key.startswith(("teacher", "projector")):
                timing[key] = None
    return {
        "id": f"x{seed}", "dataset": "gsm8k", "subject": "all", "pair": "tiny", "method": "c2c",
        "runtime": "eager", "prompt": "p", "response": "r", "prompt_length": 100 + seed,
        "response_length": 8, "residual_flag": False,
        "model_config": {"base_model": "b", "teacher_model": "t", "weights": "dummy",
                         "dtype": "float32", "device": "cpu"},
        "timing": timing, "decode_step_times_ms": steps, **changes,
    }  # fmt: skip


def write(folder, records, errors=(), name="a"):
    path = folder / f"{name}_timing.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    beside = folder / f"{name}_errors.jsonl"
    beside.write_text("".join(json.dumps(error) + "\n" for error in errors))
    return path


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


def test_summary_quantiles_and_missing_stages():
    records = [invent(n, method=m) for n in range(40) for m in ("c2c", "base")]
    table = pd.DataFrame([{**r, **{f"model_config.{k}": v for k, v in r["model_config"].items()},
                           **r["timing"]} for r in records])  # fmt: skip
    summary = summarize(table, pd.DataFrame(columns=ERROR_COLUMNS)).set_index("method")
    values = [r["timing"]["ttft_ms"] for r in records if r["method"] == "c2c"]
    for name, expected in {
        "mean": np.mean(values), "std": np.std(values, ddof=1), "median": np.median(values),
        "p90": np.quantile(values, 0.9), "p99": np.quantile(values, 0.99),
    }.items():  # fmt: skip
        assert summary.loc["c2c", f"ttft_ms_{name}"] == pytest.approx(expected)
    assert pd.isna(summary.loc["base", "projector_total_ms_mean"])
    assert summary["count"].tolist() == [40, 40]


def test_failures_are_counted_where_they_belong(tmp_path):
    def failure(method, subject="all"):
        return {"id": "f", "dataset": "gsm8k", "subject": subject, "pair": "tiny", "method": method,
                "stage": "request", "error_type": "E", "message": "m"}  # fmt: skip

    errors = [failure(None), failure("c2c"), failure(None, "lost")]
    records = [invent(n, method=m) for n in range(2) for m in ("c2c", "base")]
    summary = summarize(*merge([write(tmp_path, records, errors)]))
    by = summary.set_index(["subject", "method"])
    assert by.loc[("all", "c2c"), "failed"] == 2
    assert by.loc[("all", "base"), "failed"] == 1
    lost = summary[summary["subject"] == "lost"].iloc[0]
    assert (lost["count"], lost["failed"]) == (0, 1)


def test_other_devices_and_dtypes_are_never_averaged(tmp_path):
    changed = invent(1)
    changed["model_config"] = {**changed["model_config"], "dtype": "bfloat16"}
    summary = summarize(*merge([write(tmp_path, [invent(0), changed])]))
    assert summary["count"].tolist() == [1, 1]


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("records", [
    [invent()],
    [invent(n, dataset=d, method=m, pair=p) for n in range(3) for d in ("gsm8k", "mmlu")
     for m in ("c2c", "base") for p in ("tiny", "big")],
], ids=["one record", "two pairs, two methods"])  # fmt: skip
def test_figures(tmp_path, name, records):
    table, _ = merge([write(tmp_path, records)])
    files = []
    for turn in "ab":
        figure = FIGURES[name](table)
        labels = [axis.get_xlabel() for axis in figure.axes]
        save(figure, tmp_path / f"{turn}.png", tmp_path / f"{turn}.svg")
        files.append((tmp_path / f"{turn}.svg").read_bytes())
        assert (tmp_path / f"{turn}.png").stat().st_size > 5000
    assert any("(ms)" in text or "(tokens" in text for text in labels)
    assert files[0] == files[1]


def test_the_report_escapes_and_needs_no_network(tmp_path):
    hostile = "<script>alert(1)</script>"
    error = {"id": hostile, "dataset": "gsm8k", "subject": "all", "pair": "tiny", "method": None,
             "stage": "prompt", "error_type": "E", "message": hostile}  # fmt: skip
    page = render(*merge([write(tmp_path, [invent(), invent(1)], [error])]), tmp_path)
    assert hostile not in page
    assert "&lt;script&gt;" in page
    assert 'src="http' not in page
    assert "dummy weights" in page
