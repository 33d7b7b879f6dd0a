"""What the benchmarks conclude from their tables."""

from __future__ import annotations

import importlib.util

import pandas as pd
import pytest
from folders import ROOT

BUILT = {"moves": 3, "compile_seconds": 1.5, "capture_seconds": 0.5}


@pytest.fixture(scope="module")
def runtimes():
    spec = importlib.util.spec_from_file_location(
        "benchmark_of_runtimes", ROOT / "benchmarks" / "runtimes.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def table(**totals):
    """One row a request and runtime."""
    return pd.DataFrame(
        {"length_view": "fixed", "id": f"{n}-tokens", "method": "c2c", "prompt": n,
         "runtime": runtime, "total_time_ms": total}
        for runtime, column in totals.items() for n, total in enumerate(column)
    )  # fmt: skip


def test_what_was_built_is_charged_once_for_the_whole_run(runtimes):
    told = runtimes.payback(table(eager=[100.0, 300.0], compiled=[50.0, 200.0]), "compiled", BUILT)
    assert told.startswith("2 s to be ready, 75 ms saved a request")
    assert told.endswith("pays after 27 requests")


def test_what_saves_nothing_never_pays(runtimes):
    told = runtimes.payback(table(eager=[100.0, 100.0], compiled=[90.0, 110.0]), "compiled", BUILT)
    assert told.endswith("pays never")


def test_without_eager_nothing_is_compared(runtimes):
    told = runtimes.payback(table(compiled=[90.0]), "compiled", BUILT)
    assert told == "2 s to be ready; not compared with eager"
