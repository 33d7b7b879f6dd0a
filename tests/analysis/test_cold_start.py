"""What it costs to begin, from runs whose beginnings are known."""

from __future__ import annotations

import pandas as pd
import pytest
from analysis.invented import invent, write

from c2c_timing.analysis.cold_start import cold_start, sentences
from c2c_timing.analysis.merge import merge

CONFIG = invent()["model_config"]


def run_of(subject="main", cold=None, warm=False, built=None, follow="loading", **changes):
    """A shard whose first requests took so many ms by runtime."""
    cold = cold or {"eager": 300.0}
    return {
        "pair": "tiny", "dataset": "gsm8k", "subject": subject, "chunk": None, "model_config": CONFIG,
        "settings": {"length_views": ["natural"]}, "is_warm": warm,
        "wall_seconds": {"imports": 3.0, "loading": 5.0},
        "runtimes": {name: (built or {}).get(name, {}) for name in cold},
        "cold_requests_by_runtime": {
            name: {"c2c": {"total_time_ms": ms, "ttft_ms": ms / 2}} for name, ms in cold.items()
        },
        "cold_requests_follow": {
            name: "building" if name in (built or {}) else follow for name in cold
        },
    } | changes  # fmt: skip


def timings_of(folder, subjects=("main",), **ms):
    """Records of three samples a subject, by runtime the time of each."""
    records = []
    for subject in subjects:
        for number in range(3):
            for runtime, total in (ms or {"eager": 100.0}).items():
                found = invent(number, subject=subject, runtime=runtime,
                               started_at=f"2026-01-01T00:00:0{number}")  # fmt: skip
                found["timing"]["total_time_ms"] = total
                records.append(found)
    return merge([write(folder, records)])[0]


def test_a_row_tells_what_a_process_waits_for_before_it_is_warm(tmp_path):
    table = cold_start([run_of()], timings_of(tmp_path))
    (row,) = table.to_dict("records")
    assert (row["pair"], row["method"], row["runtime"]) == ("tiny", "c2c", "eager")
    assert (row["imports_s"], row["loading_s"], row["building_s"]) == (3, 5, 0)
    assert (row["cold_first_token_ms"], row["cold_ms"], row["warm_ms"]) == (150, 300, 100)
    assert row["cold_over_warm"] == 3
    assert row["startup_in_requests"] == pytest.approx((8000 + 200) / 100)
    assert pd.isna(row["pays_after_requests"])
    assert sentences(table) == []


def test_what_was_built_is_paid_by_what_it_saves(tmp_path):
    timings = timings_of(tmp_path, eager=100.0, compiled=80.0)
    run = run_of(
        cold={"eager": 150.0, "compiled": 90.0},
        built={"compiled": {"moves": 3, "compile_seconds": 1.5, "capture_seconds": 0.5}},
    )
    table = cold_start([run], timings).set_index("runtime")
    row = table.loc["compiled"]
    assert row["first_after"] == "building"
    assert row["building_s"] == 2
    assert row["saved_ms_per_request"] == 20
    assert row["pays_after_requests"] == (2000 + 10 - 50) / 20
    assert sentences(table.reset_index()) == ["tiny, c2c, compiled: pays after 98 requests"]


def test_what_saves_nothing_never_pays(tmp_path):
    timings = timings_of(tmp_path, eager=100.0, compiled=110.0)
    run = run_of(cold={"eager": 1.0, "compiled": 9.0}, built={"compiled": {"compile_seconds": 1.0}})
    row = cold_start([run], timings).set_index("runtime").loc["compiled"]
    assert pd.isna(row["pays_after_requests"])
    assert row["finding"].startswith("never pays")


def test_a_process_that_found_its_pair_loaded_is_no_loading(tmp_path):
    runs = [
        run_of(),
        run_of("other", warm=True, follow="another shard", wall_seconds={"imports": 0.0, "loading": 0.0}),
    ]  # fmt: skip
    table = cold_start(runs, timings_of(tmp_path, ("main", "other"))).set_index("first_after")
    assert table.loc["loading", "loading_s"] == 5
    assert table.loc["loading", "num_cold_requests"] == 1
    assert pd.isna(table.loc["another shard", "loading_s"])
    assert table.loc["another shard", "cold_ms"] == 300


def test_every_process_of_a_shard_begins_by_itself(tmp_path):
    told = [
        {name: value for name, value in run_of(cold={"eager": ms}).items()
         if name in {"is_warm", "wall_seconds", "runtimes", "cold_requests_by_runtime",
                     "cold_requests_follow"}}
        for ms in (200.0, 300.0, 600.0)
    ]  # fmt: skip
    joined = run_of(wall_seconds={"imports": 9.0, "loading": 15.0}, processes=told)
    records = [invent(n, process=p, started_at=f"2026-01-01T00:0{p}:0{n}")
               for p in (1, 2, 3) for n in range(3)]  # fmt: skip
    for record in records:
        record["timing"]["total_time_ms"] = 100.0 * record["process"]
    timings, _ = merge([write(tmp_path, records)])
    (row,) = cold_start([joined], timings).to_dict("records")
    assert row["num_cold_requests"] == 3
    assert (row["imports_s"], row["loading_s"]) == (3, 5)
    assert (row["cold_ms"], row["cold_ms_max"], row["warm_ms"]) == (300, 600, 200)
    assert row["cold_over_warm"] == 2


def test_a_later_shard_of_the_same_command_loads_nothing(tmp_path):
    built = {"compiled": {"compile_seconds": 4.0}}
    runs = [
        run_of(cold={"compiled": 90.0}, built=built),
        run_of("other", cold={"compiled": 90.0}, wall_seconds={}, follow="another shard"),
    ]
    timings = timings_of(tmp_path, ("main", "other"), compiled=80.0)
    table = cold_start(runs, timings).set_index("first_after")
    assert table.loc["building", ["loading_s", "building_s"]].tolist() == [5, 4]


def test_what_is_not_known_stays_empty(tmp_path):
    timings = timings_of(tmp_path)
    assert cold_start([], timings).empty
    assert cold_start([run_of(cold_requests_by_runtime={})], timings).empty
    chunk = run_of(chunk="1-of-2", wall_seconds=None, runtimes=None, cold_requests_follow=None)
    (row,) = cold_start([chunk], timings).to_dict("records")
    assert row["first_after"] == "loading"
    assert pd.isna([row["warm_ms"], row["cold_over_warm"], row["building_s"]]).all()
