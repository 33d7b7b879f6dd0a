"""Records that no model made, for tests of the analysis."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd

from c2c_timing.analysis.columns import CONDITIONS, TIMING_KEYS
from c2c_timing.runtime_table import REFERENCE
from c2c_timing.shard_names import errors_file

LACKS = {
    "base": ("teacher", "projector", "num_teacher", "handover"),
    "teacher": ("base", "projector", "teacher_decode", "num_teacher", "handover"),
    "c2c": ("teacher_decode", "num_teacher", "handover"),
    "t2t": ("projector",),
}


def invent(seed=0, **changes):
    rng = np.random.default_rng(seed)
    method = changes.get("method", "c2c")
    steps = rng.gamma(20, 0.05, 8).tolist()
    timing = {key: float(rng.gamma(10, 0.5)) for key in TIMING_KEYS}
    timing |= {"decode_total_ms": sum(steps), "projector_calls": 4, "num_generated_tokens": 8}
    timing |= {key: None for key in TIMING_KEYS if key.startswith(LACKS[method])}
    record = {
        "id": f"x{seed}", "dataset": "gsm8k", "subject": "main", "pair": "tiny", "method": method,
        "runtime": "eager", "length_view": "natural", "repeat": 1, "order": 1,
        "prompt": "p", "response": "r", "prompt_length": 100 + seed, "response_length": 8,
        "teacher_prompt_length": None if method == "base" else 90 + seed, "residual_flag": False,
        "correct": None,
        "model_config": {"base_model": "b", "teacher_model": "t", "weights": "dummy",
                         "dtype": "float32", "device": "cpu"},
        "timing": timing, "decode_step_times_ms": steps,
    }  # fmt: skip
    if method == "t2t":
        message = rng.gamma(20, 0.1, 5).tolist()
        timing |= {"num_teacher_tokens": 5, "teacher_decode_total_ms": sum(message)}
        record |= {"message_length": 5, "teacher_decode_step_times_ms": message}
    return record | changes


def write(folder, records, errors=(), name="a"):
    path = folder / f"{name}_timing.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    failed = errors_file(path)
    failed.parent.mkdir(parents=True, exist_ok=True)
    failed.write_text("".join(json.dumps(error) + "\n" for error in errors))
    return path


def requests_of(
    delays, samples=20, repeats=3, seed=0, noise=0.1, datasets=("gsm8k",), processes=1, apart=0.0
):
    """Records of methods with known delays in ms: samples differ, and every request has its noise.

    ``delays``: by method; or by method and runtime. ``apart``: by how much the logarithm of a method's
    times differs from process to process (standard deviation).
    """
    rng = np.random.default_rng(seed)
    parts = []
    for dataset in datasets:
        size = rng.lognormal(0, 0.3, samples)
        for key, delay in delays.items():
            method, runtime = (key, REFERENCE) if isinstance(key, str) else key
            of_process = rng.lognormal(0, apart, processes) if apart else np.ones(processes)
            noises = rng.lognormal(0, noise, (processes, samples, repeats))
            times = delay * size[:, None] * of_process[:, None, None] * noises
            ids = [f"{dataset}/{n}" for n in range(samples)]
            parts.append(pd.DataFrame({
                "id": np.tile(np.repeat(ids, repeats), processes),
                "repeat": np.tile(range(1, repeats + 1), samples * processes),
                "process": np.repeat(range(1, processes + 1), samples * repeats),
                "possible_looks": 1,
                "dataset": dataset, "subject": "main", "method": method,
                "runtime": runtime, "total_time_ms": times.ravel(),
            }))  # fmt: skip
    table = pd.concat(parts, ignore_index=True)
    return table.assign(**dict.fromkeys(set(CONDITIONS) - {"runtime"}, "x"))
