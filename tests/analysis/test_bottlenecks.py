"""Floors, shares and savings from invented records, shapes and devices."""

from __future__ import annotations

import json

import pandas as pd
import pytest
from analysis.invented_floors import (
    CONFIG,
    DEVICE,
    KNOWN,
    SHAPES,
    bottlenecks,
    model,
    row,
    spread,
)  # fmt: skip
from hypothesis import given
from hypothesis import strategies as st

from c2c_timing.analysis.bottlenecks import COLUMNS, SAVED
from c2c_timing.analysis.operations import Work
from c2c_timing.analysis.roofs import Roofs, read_roofs
from c2c_timing.analysis.runs import read_shapes
from c2c_timing.errors import UserError
from c2c_timing.shard_names import run_file


def test_one_row_a_stage_with_the_place_to_work_first():
    table = bottlenecks([row(n) for n in range(3)])
    assert list(table.columns) == COLUMNS
    assert table["stage"].tolist()[0] == "decode"
    assert set(table["stage"]) == {"decode", "base_prefill", "base_embedding"}
    assert table["share"].sum() == pytest.approx(1)
    assert table["count"].tolist() == [3, 3, 3]


def test_the_floor_is_the_largest_of_three_and_says_which():
    # decode: 4 steps of 1410 weights and 32 cached elements a token; 200 operators
    decode = bottlenecks([row()]).iloc[0]
    assert decode["memory_floor_ms"] == pytest.approx(4 * (4 * 1410 + 32 * (11 + 12 + 13 + 14)))
    assert decode["compute_floor_ms"] == pytest.approx(2 * 4 * 1400 + 4 * 16 * (11 + 12 + 13 + 14))
    assert decode["launch_floor_ms"] == pytest.approx(4 * 50)
    assert (decode["bound_by"], decode["floor_ms"]) == ("memory", decode["memory_floor_ms"])
    assert decode["time_over_floor"] == pytest.approx(1e6 / decode["floor_ms"])
    slow = Roofs("cpu", 1, ((1.0, 1e3),), {"float32": 1e3}, launch_seconds=10.0)
    assert bottlenecks([row(decode_ms=1e9)], roofs=slow).iloc[0]["bound_by"] == "launch"
    weak = Roofs("cpu", 1, ((1.0, 1e9),), {"float32": 1.0}, 1e-3)
    assert bottlenecks([row(decode_ms=1e9)], roofs=weak).iloc[0]["bound_by"] == "compute"


def test_what_would_be_saved_at_twice_the_floor():
    floor = bottlenecks([row()]).iloc[0]["floor_ms"]
    rows = [
        row(0, decode_ms=2 * floor + 500),
        row(1, decode_ms=2 * floor + 1500),
        row(2, 0.5 * floor),
    ]
    table = bottlenecks(rows).set_index("stage")
    assert table.loc["decode", SAVED] == pytest.approx(2.0)
    again = [row(n, 2 * floor + 600, repeat=repeat) for n in range(2) for repeat in (1, 2, 3)]
    table = bottlenecks(again).set_index("stage")
    assert table.loc["decode", SAVED] == pytest.approx(1.2), "repeats are not further samples"


def test_savings_are_sorted_and_what_has_no_floor_comes_last():
    rows = [row(0), row(1, dataset="mmlu", decode_ms=2e6), row(2, handover_ms=9e9, dataset="mmlu")]
    table = bottlenecks(rows)
    known = table[SAVED].dropna()
    assert known.is_monotonic_decreasing
    assert table.iloc[-1]["stage"] == "handover"
    assert pd.isna(table.iloc[-1]["floor_ms"])


@pytest.mark.parametrize("other", [
    {"dtype": "float16"}, {"device": "H200"}, {"weights": "real"},
])  # fmt: skip
def test_other_settings_are_never_mixed(other):
    table = bottlenecks([row(0), row(1, config={**CONFIG, **other})])
    assert table["count"].tolist() == [1] * 6


@pytest.mark.parametrize(("column", "value"), [("runtime", "graphs"), ("length_view", "fixed"),
                                               ("method", "other"), ("pair", "big")])  # fmt: skip
def test_other_identities_are_never_mixed(column, value):
    assert bottlenecks([row(0), row(1, **{column: value})])["count"].tolist() == [1] * 6


def test_subjects_of_a_data_set_come_together():
    table = bottlenecks([row(0), row(0, subject="other")])
    assert table["count"].tolist() == [2] * 3
    assert table.iloc[0][SAVED] == pytest.approx(2 * bottlenecks([row()]).iloc[0][SAVED])


@pytest.mark.parametrize("config", [
    {**CONFIG, "device": "H200"}, {**CONFIG, "threads": 2}, {**CONFIG, "fuser": "another"},
])  # fmt: skip
def test_another_device_or_unknown_shapes_leave_the_floor_empty(config):
    table = bottlenecks([row(config=config)])
    assert table[["floor_ms", "time_over_floor", "bound_by", SAVED]].isna().all(axis=None)
    assert table["median_ms"].notna().all()


def test_a_dtype_without_a_rate_has_no_compute_floor():
    decode = bottlenecks([row(config={**CONFIG, "dtype": "bfloat16"})]).iloc[0]
    assert pd.isna(decode["compute_floor_ms"])
    assert decode["bound_by"] == "memory"


def test_launches_bound_the_eager_runtime_alone():
    slow = Roofs("cpu", 1, ((1.0, 1e3),), {"float32": 1e3}, launch_seconds=10.0)
    decode = bottlenecks([row(runtime="graphs")], roofs=slow).iloc[0]
    assert pd.isna(decode["launch_floor_ms"])
    assert decode["bound_by"] == "memory"


@given(st.lists(st.tuples(st.integers(1, 99), st.floats(1, 1e3)), min_size=1), st.floats(0, 200))
def test_the_bandwidth_never_rises_with_the_bytes_touched(copies, touched):
    roofs = Roofs("cpu", 1, tuple(sorted(copies)), {}, 1.0)
    assert roofs.bytes_per_second(touched) >= roofs.bytes_per_second(touched + 50)
    assert roofs.bytes_per_second(1e9) == max(r for s, r in copies if s == max(copies)[0])


def test_the_bandwidth_is_that_of_the_bytes_of_one_pass():
    roofs = Roofs("cpu", 1, ((10, 4e3), (100, 1e3)), {}, 1.0)
    each = roofs.floors_ms(Work(bytes=50, passes=1), "float32", "eager")["memory"]
    four = roofs.floors_ms(Work(bytes=200, passes=4), "float32", "eager")["memory"]
    once = roofs.floors_ms(Work(bytes=200, passes=1), "float32", "eager")["memory"]
    assert (each, four, once) == pytest.approx((12.5, 50, 200))


def test_a_device_file_in_base_units(tmp_path):
    path = tmp_path / "device.json"
    path.write_text(json.dumps(DEVICE))
    roofs = read_roofs(path)
    assert roofs.copies == ((4, 3e9), (8, 2e9))
    assert roofs.memory_bytes_per_second == 2e9
    assert roofs.flops_per_second == {"float32": 5e9}
    assert roofs.launch_seconds == pytest.approx(7e-6)


@pytest.mark.parametrize(("text", "words"), [
    ("{", "not JSON"), ("{}", "is a required property"), ("[]", "object"), (None, "cannot be read"),
    (json.dumps(DEVICE | {"launch_us": {**spread(1.0), "median": 0}}), "launch_us.median"),
])  # fmt: skip
def test_a_wrong_device_file_is_one_line(tmp_path, text, words):
    path = tmp_path / "device.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(UserError, match=r"measure_device\.py") as error:
        read_roofs(path)
    assert words in str(error.value)


def test_shapes_are_found_beside_the_records(tmp_path):
    run = {"pair": "tiny", "model_config": CONFIG, "shapes": SHAPES}
    timing = tmp_path / "gsm8k_all_timing.jsonl"
    run_file(timing).write_text(json.dumps(run))
    assert read_shapes([run_file(timing), tmp_path / "none_run.json"]) == KNOWN
    older = tmp_path / "older_run.json"
    older.write_text(json.dumps({**run, "shapes": None}))
    assert read_shapes([older]) == {}
    other = tmp_path / "other_run.json"
    other.write_text(json.dumps({**run, "shapes": {**SHAPES, "base": model(2)}}))
    with pytest.raises(UserError, match="differ"):
        read_shapes([run_file(timing), other])
    other.write_text('{"pair": "tiny"}')
    with pytest.raises(UserError, match="not a shard's run file"):
        read_shapes([other])
