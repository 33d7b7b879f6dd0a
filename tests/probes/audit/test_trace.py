"""What a trace says of stages, on invented traces in the form that Kineto writes (µs)."""

from __future__ import annotations

import pytest

from c2c_timing.probes.audit.trace import work_by_stage

HOST, OTHER_THREAD, DEVICE = 11, 12, 7


def event(cat, name, ts, dur, tid=HOST, correlation=None):
    args = {} if correlation is None else {"correlation": correlation}
    return {"ph": "X", "cat": cat, "name": name, "ts": ts, "dur": dur, "tid": tid, "args": args}


RANGES = [
    event("user_annotation", "stage: prefill", 100, 100),
    event("user_annotation", "stage: decode", 200, 100),
    event("user_annotation", "stage: decode", 300, 100),
    event("user_annotation", "stage: residual", 400, 50),
]
STAGES = ["prefill", "decode", "decode", "residual"]
TIMES_MS = {"prefill": 0.2, "decode": 0.1}
OPERATORS = [
    event("cpu_op", "aten::linear", 110, 40),
    event("cpu_op", "aten::addmm", 115, 30),  # called by linear
    event("cpu_op", "aten::mul", 150, 10),
    event("cpu_op", "aten::mul", 210, 20),
    event("cpu_op", "aten::copy_", 410, 5),
    event("cpu_op", "aten::mul", 120, 10, tid=OTHER_THREAD),
    event("cpu_op", "aten::mul", 50, 10),  # before the request
]
LAUNCHES = [
    event("cuda_runtime", "cudaLaunchKernel", 116, 5, correlation=1),
    event("cuda_driver", "cuLaunchKernelEx", 151, 5, correlation=2),
    event("cuda_runtime", "cudaMemcpyAsync", 211, 5, correlation=3),
    event("cuda_runtime", "cudaStreamSynchronize", 217, 80, correlation=4),
    event("cuda_runtime", "cudaLaunchKernel", 310, 5, correlation=5),
    event("cuda_runtime", "cudaMemsetAsync", 320, 5, correlation=6),
    event("cuda_runtime", "cudaMemcpyAsync", 411, 5, correlation=7),
    event("cuda_runtime", "cudaDeviceSynchronize", 60, 5, correlation=8),
]
ON_DEVICE = [
    event("kernel", "gemm", 150, 100, DEVICE, 1),  # runs on while the host decodes
    event("kernel", "mul", 240, 20, DEVICE, 2),  # beside the one before for 10 µs
    event("gpu_memcpy", "Memcpy DtoH (Device -> Pageable)", 262, 2, DEVICE, 3),
    event("kernel", "mul", 330, 30, DEVICE, 5),
    event("gpu_memset", "Memset (Device)", 362, 3, DEVICE, 6),
    event("gpu_memcpy", "Memcpy HtoD (Pageable -> Device)", 420, 1, DEVICE, 7),
    event("kernel", "of nobody", 500, 10, DEVICE, 99),
]
OTHER = [{"ph": "M", "name": "process_name", "args": {}}, {"ph": "s", "cat": "ac2g", "ts": 1}]


def work(events, has_device=True):
    return work_by_stage([*OTHER, *events], STAGES, "stage: ", TIMES_MS, has_device)


def test_work_belongs_to_the_stage_that_asked_for_it():
    found = work([*RANGES, *OPERATORS, *LAUNCHES, *ON_DEVICE])
    names = ("calls", "operators", "kernels", "synchronisations")
    counts = {stage: tuple(one[name] for name in names) for stage, one in found.items()}
    assert counts == {"prefill": (1, 2, 2, 0), "decode": (2, 1, 1, 1), "residual": (1, 1, 0, 0)}
    copies = {
        stage: [one[f"copies_{where}"] for where in ("to_device", "to_host", "on_device")]
        for stage, one in found.items()
    }
    assert copies == {"prefill": [0, 0, 0], "decode": [0, 1, 0], "residual": [1, 0, 0]}


def test_the_device_is_busy_once_where_kernels_overlap():
    found = work([*RANGES, *OPERATORS, *LAUNCHES, *ON_DEVICE])
    assert found["prefill"]["busy_ms"] == pytest.approx(0.110)
    assert found["decode"]["busy_ms"] == pytest.approx(0.035)
    # of the time without the profiler
    assert found["prefill"]["busy_share"] == pytest.approx(0.55)
    assert found["decode"]["busy_share"] == pytest.approx(0.35)
    assert found["decode"]["profiled_ms"] == pytest.approx(0.2)
    assert found["residual"]["busy_share"] is None  # it has no time of its own


def test_without_a_device_only_operators_are_known():
    found = work([*RANGES, *OPERATORS], has_device=False)
    for stage in found.values():
        assert stage["kernels"] is stage["synchronisations"] is stage["copies_to_host"] is None
    assert found["prefill"]["operators"] == 2
    assert found["prefill"]["busy_ms"] == pytest.approx(0.050)
    assert found["prefill"]["busy_share"] == pytest.approx(0.5)  # of the profiled time


def test_a_device_that_did_nothing_did_nothing():
    found = work([*RANGES, *OPERATORS])
    assert found["prefill"]["kernels"] == found["prefill"]["busy_ms"] == 0


def test_a_range_more_than_stages_is_not_counted():
    late = event("user_annotation", "stage: decode", 450, 10)
    assert work([*RANGES, late, *OPERATORS]) == work([*RANGES, *OPERATORS])
