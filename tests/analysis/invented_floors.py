"""Shapes, records and limits of a pair and a device that are nowhere, in round numbers."""

from __future__ import annotations

import pandas as pd

from c2c_timing.analysis.bottlenecks import find_bottlenecks
from c2c_timing.analysis.roofs import Roofs
from c2c_timing.analysis.runs import shapes_key


def model(scale=1, element_bytes=4):
    return {
        "layers": 2, "hidden_size": 8 * scale, "vocabulary_size": 50, "matrix_elements": 1000 * scale,
        "other_elements": 10 * scale, "lm_head_elements": 400 * scale, "query_elements": 16 * scale,
        "cache_elements": 32 * scale, "element_bytes": element_bytes,
        "operators": {"embedding": 1, "prefill": 40, "decode_step": 50},
    }  # fmt: skip


def mixture(scale=1):
    """Of ``matrix_elements`` 300 are of experts that a token wakes; 1,500 are asleep."""
    return {**model(scale), "woken_elements": 300 * scale, "idle_elements": 1500 * scale}


FUSER = {"projections": 2, "matrix_elements": 3000, "other_elements": 30, "read_elements": 64,
         "written_elements": 32, "element_bytes": 4}  # fmt: skip
SHAPES = {"base": model(), "teachers": [model(3)], "fusers": [FUSER], "projection_chain": 6,
          "projection_operators": 60, "fused_projection_operators": 15}  # fmt: skip
CONFIG = {"base_model": "b", "teacher_model": "t", "fuser": "f", "weights": "dummy",
          "dtype": "float32", "device": "cpu", "threads": 1}  # fmt: skip
GPU = {**CONFIG, "dtype": "bfloat16", "device": "card"}
KNOWN = {shapes_key("tiny", CONFIG): SHAPES}
# 1 kB a second, 1 kFLOP a second, 1 ms a launch
ROOFS = Roofs("cpu", 1, ((1.0, 1e3),), {"float32": 1e3}, 1e-3)
# The same on a card: 1 ms a launch, 0.25 ms a node of a graph, memory and products out of sight.
FAST = Roofs("card", 1, ((1.0, 1e9),), {"bfloat16": 1e9}, 1e-3, 0.25e-3)


def row(n=0, decode_ms=1e6, config=CONFIG, **changes):
    timing = {"base_embedding_ms": 1e3, "base_prefill_ms": 2e3, "teacher_embedding_ms": None,
              "teacher_prefill_ms": None, "projector_total_ms": None, "projector_calls": None,
              "decode_total_ms": decode_ms, "num_generated_tokens": 4,
              "total_time_ms": decode_ms + 3e3}  # fmt: skip
    return {"id": f"x{n}", "pair": "tiny", "method": "base", "runtime": "eager", "dataset": "gsm8k",
            "subject": "main", "length_view": "natural", "prompt": "p", "prompt_length": 11, **timing,
            **{f"model_config.{key}": value for key, value in config.items()}, **changes}  # fmt: skip


def fused_row(runtime, ms=1e6, config=GPU, **changes):
    """Of a request with a projection."""
    timing = {"teacher_embedding_ms": 1e3, "teacher_prefill_ms": 2e3, "projector_total_ms": ms,
              "projector_calls": 2.0, "teacher_prompt_length": 11.0, "method": "c2c"}  # fmt: skip
    return row(decode_ms=ms, config=config, **timing, runtime=runtime, **changes)


def bottlenecks(rows, shapes=KNOWN, roofs=ROOFS):
    return find_bottlenecks(pd.DataFrame(rows).assign(setup=""), shapes, roofs)


def spread(value):
    return {"median": value, "p10": value, "p90": value, "repeats": 3}


DEVICE = {"device": "cpu", "threads": 1, "measured_at": "2026-01-01T00:00:00+00:00",
          "copy_gigabytes_per_second": [{"bytes": 8, **spread(2.0)}, {"bytes": 4, **spread(3.0)}],
          "product_gigaflops_per_second": {"float32": {"size": 4, **spread(5.0)}},
          "launch_us": spread(7.0), "synchronise_us": None, "read_back_us": spread(1.0)}  # fmt: skip
