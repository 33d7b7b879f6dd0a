"""Shapes of a pair that is nowhere, in round numbers."""

from __future__ import annotations


def model(scale=1, element_bytes=4):
    return {
        "layers": 2, "hidden_size": 8 * scale, "vocabulary_size": 50, "matrix_elements": 1000 * scale,
        "other_elements": 10 * scale, "lm_head_elements": 400 * scale, "query_elements": 16 * scale,
        "cache_elements": 32 * scale, "element_bytes": element_bytes,
        "operators": {"embedding": 1, "prefill": 40, "decode_step": 50},
    }  # fmt: skip


FUSER = {"projections": 2, "matrix_elements": 3000, "other_elements": 30, "read_elements": 64,
         "written_elements": 32, "element_bytes": 4}  # fmt: skip
SHAPES = {"base": model(), "teachers": [model(3)], "fusers": [FUSER], "projection_operators": 60}
