"""Merged records that no model made, of many pairs, methods and data sets: for tests of figures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from c2c_timing.analysis.columns import CONDITIONS, MEASURED, STEPS
from c2c_timing.cards.dataset_card import load_dataset_card
from c2c_timing.method_table import METHODS
from c2c_timing.stages import Stage

PAIRS = ("qwen3-0.6b+qwen2.5-0.5b", "qwen3-0.6b+llama3.2-1b", "tiny")
ALL_METHODS = ("base", "teacher", "t2t", "c2c")
# Prompt tokens of a data set.
PROMPTS = {
    "openhermes": 300, "mmlu": 180, "mmlu-redux": 170, "gsm8k": 140, "math-500": 150,
    "longbench": 7000, "openbookqa": 120, "ai2-arc": 110, "mmlu-pro": 320,
}  # fmt: skip
# Of one token, in ms.
PREFILL = {"base": 0.02, "teacher": 0.035}
START = pd.Timestamp("2026-01-01", tz="UTC")


def wide(
    pairs: Sequence[str] = PAIRS,
    methods: Sequence[str] = ALL_METHODS,
    views: Sequence[str] = ("natural",),
    runtimes: Sequence[str] = ("eager",),
    samples: int = 3,
    steps: int = 12,
) -> pd.DataFrame:
    """``samples`` of each data set, of each of longbench's subjects: every method, view and runtime."""
    rng = np.random.default_rng(0)
    rows = []
    for pair in pairs:
        for dataset, typical in PROMPTS.items():
            for subject in _subjects(dataset):
                for number in range(samples):
                    length = int(typical * rng.lognormal(0, 0.4)) + 8
                    known = {"pair": pair, "dataset": dataset, "subject": subject,
                             "id": f"{dataset}/{subject}/{number}"}  # fmt: skip
                    rows += [
                        known | _request(rng, length, method, view, runtime, steps)
                        for view in views
                        for runtime in runtimes
                        for method in methods
                    ]
    table = pd.DataFrame(rows)
    passed = pd.to_timedelta(table["total_time_ms"].cumsum(), unit="ms")
    table["started_at"] = (START + passed).map(pd.Timestamp.isoformat)
    lacking = [name for name in (*MEASURED, *STEPS) if name not in table]
    table[lacking] = None
    return table.assign(**{name: table[name].fillna("") for name in CONDITIONS})


def _subjects(dataset: str) -> Sequence[str]:
    return list(load_dataset_card(dataset).subjects) if dataset == "longbench" else ["main"]


def _request(
    rng: np.random.Generator, length: int, method: str, view: str, runtime: str, steps: int
) -> dict:
    """One record's numbers; a prompt costs a line and a little of its square."""
    message = int(rng.integers(40, 90)) if method == "t2t" else 0
    each = 1 + length / 4000
    faster = {"eager": 1.0, "fused": 0.95, "graphs": 0.4, "compiled": 0.3}[runtime]
    read = {model: 4 + cost * length + 2e-6 * length**2 for model, cost in PREFILL.items()}
    times = {
        Stage.BASE_EMBEDDING: 0.05, Stage.TEACHER_EMBEDDING: 0.06, Stage.HANDOVER: 0.4,
        Stage.BASE_PREFILL: read["base"], Stage.TEACHER_PREFILL: read["teacher"],
        Stage.PROJECTOR: 3 + 0.004 * length,
    }  # fmt: skip
    noise = {stage: ms * faster * rng.lognormal(0, 0.15) for stage, ms in times.items()}
    answer = (each * faster * rng.lognormal(0, 0.15, steps)).tolist()
    said = (each * faster * rng.lognormal(0, 0.15, message)).tolist()
    noise |= {Stage.DECODE: sum(answer), Stage.TEACHER_DECODE: sum(said)}
    own = {stage.key: noise[stage] for stage in METHODS[method].stages}
    total = sum(own.values())
    ttft = total - sum(answer[1:])
    return {
        "method": method, "runtime": runtime, "length_view": view, "repeat": 1, "process": 1,
        "possible_looks": 1, "setup": "",
        "model_config.device": "NVIDIA H100 80GB HBM3", "model_config.dtype": "bfloat16",
        "model_config.weights": "dummy", **dict.fromkeys(s.key for s in Stage), **own,
        "total_time_ms": total, "wall_time_ms": total * 1.001, "residual_ms": total * 0.001,
        "ttft_ms": ttft, "tpot_ms": float(np.mean(answer[1:])), "decode_avg_ms": float(np.mean(answer)),
        "tokens_per_second": 1e3 * steps / sum(answer), "num_generated_tokens": steps,
        "prompt_length": length + message, "response_length": steps, "residual_flag": False,
        "teacher_prompt_length": None if method == "base" else length,
        "message_length": message or None, "num_teacher_tokens": message or None,
        Stage.DECODE.steps_key: np.array(answer),
        Stage.TEACHER_DECODE.steps_key: np.array(said) if said else None,
    }  # fmt: skip
