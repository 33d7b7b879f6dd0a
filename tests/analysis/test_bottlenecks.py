"""Floors, shares and savings from invented records, shapes and devices."""

from __future__ import annotations

import json
from dataclasses import replace

import pandas as pd
import pytest
from analysis.invented_floors import (
    CONFIG,
    DEVICE,
    FAST,
    KNOWN,
    SHAPES,
    bottlenecks,
    fused_row,
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


def test_the_floor_is_the_largest_of_all_and_says_which():
    # decode: 4 steps of 1410 weights and 32 cached elements a token; 200 operators
    decode = bottlenecks([row()]).iloc[0]
    assert decode["memory_floor_ms"] == pytest.approx(4 * (4 * 1410 + 32 * (11 + 12 + 13 + 14)))
    assert decode["compute_floor_ms"] == pytest.approx(2 * 4 * 1400 + 4 * 16 * (11 + 12 + 13 + 14))
    assert decode["launch_floor_ms"] == pytest.approx(4 * 50)
    assert decode["latency_floor_ms"] == pytest.approx(4 * (5 * 2 + 1))
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


def test_launches_bound_runtimes_that_call_operators():
    slow = Roofs("cpu", 1, ((1.0, 1e3),), {"float32": 1e3}, launch_seconds=10.0)
    for runtime in ("eager", "fused"):
        assert bottlenecks([row(runtime=runtime)], roofs=slow).iloc[0]["bound_by"] == "launch"
    for runtime in ("graphs", "compiled", "of another version"):
        decode = bottlenecks([row(runtime=runtime)], roofs=slow).iloc[0]
        assert pd.isna(decode["launch_floor_ms"])
        assert pd.isna(decode["latency_floor_ms"])
        assert decode["bound_by"] == "memory"


# FAST: launches of 1 ms, nodes of a graph of 0.25 ms; of bytes and operations next to nothing
CAUSES = {
    "eager": {"decode": ("launch", 4 * 50), "base_prefill": ("launch", 40), "projector": ("launch", 60)},
    "fused": {"decode": ("launch", 4 * 50), "base_prefill": ("launch", 40), "projector": ("launch", 15)},
    "graphs": {"decode": ("latency", 4 * 11 / 4), "base_prefill": ("latency", 10 / 4),
               "projector": ("latency", 6 / 4)},
}  # fmt: skip
CAUSES["compiled"] = CAUSES["graphs"]


def table_of(runtime, roofs=FAST, shapes=KNOWN, **changes):
    return bottlenecks([fused_row(runtime, **changes)], shapes, roofs).set_index("stage")


@pytest.mark.parametrize("runtime", CAUSES)
def test_where_memory_is_fast_each_runtime_has_a_cause_of_its_own(runtime):
    table = table_of(runtime)
    for stage, (cause, floor) in CAUSES[runtime].items():
        assert table.loc[stage, "bound_by"] == cause
        assert table.loc[stage, "floor_ms"] == pytest.approx(floor)
        assert table.loc[stage, f"{cause}_floor_ms"] == pytest.approx(floor)


@pytest.mark.parametrize(("memory", "causes"), [
    # decode: about 23 to 26 kB; eager's 50 launches a step take 200 ms, a graph's 11 nodes 11 ms
    (1e9, {"eager": "launch", "fused": "launch", "graphs": "latency", "compiled": "latency"}),
    (1e6, {"eager": "launch", "fused": "launch", "graphs": "memory", "compiled": "memory"}),
    (1e4, {"eager": "memory", "fused": "memory", "graphs": "memory", "compiled": "memory"}),
])  # fmt: skip
def test_slower_memory_is_the_cause_in_the_fastest_runtimes_first(memory, causes):
    roofs = replace(FAST, copies=((1.0, memory),))
    found = {runtime: table_of(runtime, roofs).loc["decode", "bound_by"] for runtime in causes}
    assert found == causes


@pytest.mark.parametrize("runtime", CAUSES)
@given(st.integers(1, 50), st.integers(2, 300))
def test_a_stage_that_launches_all_it_must_is_never_faster_than_its_floor(runtime, words, prompt):
    """Times made of what a runtime does: its kernels one by one, each as long as its launch."""
    kernels = {"eager": (50, 60, 1e-3), "fused": (50, 15, 1e-3),
               "graphs": (30, 12, 0.25e-3), "compiled": (12, 8, 0.25e-3)}[runtime]  # fmt: skip
    step, projection, each = kernels
    times = {"decode_total_ms": words * step * each * 1e3,
             "projector_total_ms": projection * each * 1e3}  # fmt: skip
    record = fused_row(runtime, prompt_length=prompt, num_generated_tokens=words)
    endless = replace(FAST, copies=((1.0, 1e12),), flops_per_second={"bfloat16": 1e12})
    table = bottlenecks([record | times], roofs=endless).set_index("stage")
    assert (table.loc[["decode", "projector"], "time_over_floor"] >= 1 - 1e-9).all()


@pytest.mark.parametrize("runtime", CAUSES)
def test_the_latency_is_never_above_the_launches(runtime):
    table = table_of(runtime)
    both = table[["latency_floor_ms", "launch_floor_ms"]].dropna()
    assert len(both) == (len(table) if runtime in ("eager", "fused") else 0)
    assert (both["latency_floor_ms"] <= both["launch_floor_ms"]).all()


def test_without_the_latency_of_a_graph_its_runtimes_keep_the_other_floors():
    older = replace(FAST, graph_node_seconds=None)
    for runtime in ("graphs", "compiled"):
        table = table_of(runtime, older)
        assert table["latency_floor_ms"].isna().all()
        assert table.loc["decode", "bound_by"] == "memory"
    pd.testing.assert_frame_equal(table_of("eager", older), table_of("eager"))


def test_without_the_counts_of_a_newer_run_the_projection_keeps_the_other_floors():
    new = ("projection_chain", "fused_projection_operators")
    older = {
        key: {k: v for k, v in shapes.items() if k not in new} for key, shapes in KNOWN.items()
    }
    for runtime in ("fused", "graphs"):
        table = table_of(runtime, shapes=older)
        floors = table.loc["projector", ["launch_floor_ms", "latency_floor_ms"]]
        assert floors.isna().all()
        assert table.loc["projector", "bound_by"] in ("memory", "compute")
        pd.testing.assert_frame_equal(table.drop("projector"), table_of(runtime).drop("projector"))
    assert table_of("eager", shapes=older).loc["projector", "bound_by"] == "launch"


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
    assert roofs.graph_node_seconds is None, "files of before it was measured stay readable"


@pytest.mark.parametrize(("node", "seconds"), [(None, None), (spread(1.5), 1.5e-6)])
def test_the_latency_of_a_graph_is_read_where_there_is_one(tmp_path, node, seconds):
    path = tmp_path / "device.json"
    path.write_text(json.dumps(DEVICE | {"graph_node_us": node}))
    assert read_roofs(path).graph_node_seconds == pytest.approx(seconds)


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
    timing = tmp_path / "gsm8k_main_timing.jsonl"
    run_file(timing).write_text(json.dumps(run))
    assert read_shapes([run_file(timing), tmp_path / "none_run.json"]) == KNOWN
    older = tmp_path / "older_run.json"
    older.write_text(json.dumps({**run, "shapes": None}))
    assert read_shapes([older]) == {}
    other = tmp_path / "other_run.json"
    other.write_text(json.dumps({**run, "shapes": {**SHAPES, "base": model(2)}}))
    with pytest.raises(UserError, match="differ"):
        read_shapes([run_file(timing), other])
    more = {**SHAPES, "another_projection_operators": 4}
    other.write_text(json.dumps({**run, "shapes": more}))
    for files in ([run_file(timing), other], [other, run_file(timing)]):
        (joined,) = read_shapes(files).values()
        assert joined == more, "runs under other runtimes add what they counted"
    other.write_text('{"pair": "tiny"}')
    with pytest.raises(UserError, match="not a shard's run file"):
        read_shapes([other])


@pytest.mark.parametrize("part", ["base", "teachers"])
def test_what_one_version_cannot_tell_another_may(tmp_path, part):
    unknown = {**SHAPES, part: None if part == "base" else [None]}
    paths = [tmp_path / f"{name}_run.json" for name in ("older", "newer")]
    for path, shapes in zip(paths, (unknown, SHAPES), strict=True):
        path.write_text(json.dumps({"pair": "tiny", "model_config": CONFIG, "shapes": shapes}))
    for files in (paths, paths[::-1]):
        assert read_shapes(files) == KNOWN
