"""The record of one request: the contract's keys, computed from what the clock read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .meters.clock import Reading
from .stages import PER_TOKEN, Stage

# Embeddings come first, as records have had them from the beginning.
ORDER = sorted(Stage, key=lambda stage: not stage.endswith("embedding"))


def timing_of(
    reading: Reading, projector_calls: int | None, tokenize_ms: float
) -> dict[str, float | int | None]:
    """The ``timing`` of a record; a stage that the method does not have is None, never 0.

    Formulas and units are those of the record schema, ``workflow/schemas/record.schema.yaml``.
    """
    steps, in_vain = reading.durations_ms(Stage.DECODE), reading.in_vain_ms(Stage.DECODE)
    decode_ms, generated = sum(steps), len(steps)
    projector_ms = reading.total_ms(Stage.PROJECTOR)
    total_ms = sum(ms for _, ms in reading.marks)
    # What stands beside a stage's own time.
    beside: dict[Stage, dict[str, float | int | None]] = {
        Stage.PROJECTOR: {
            "projector_calls": projector_calls,
            "projector_avg_ms": projector_ms / projector_calls
            if projector_ms is not None and projector_calls
            else None,
        },
        Stage.TEACHER_DECODE: _of_message(reading),
        Stage.DECODE: {
            "decode_avg_ms": decode_ms / generated,
            "num_generated_tokens": generated,
            "num_steps_run": generated + len(in_vain),
            "decode_in_vain_ms": sum(in_vain, 0.0),
            "tokens_per_second": generated / decode_ms * 1e3,
        },
    }
    timing: dict[str, float | int | None] = {}
    for stage in ORDER:
        timing[stage.key] = reading.total_ms(stage)
        timing |= beside.get(stage, {})
    return timing | {
        "total_time_ms": total_ms,
        "wall_time_ms": reading.wall_ms,
        "residual_ms": reading.wall_ms - total_ms,
        "tokenize_ms": tokenize_ms,
        "ttft_ms": total_ms - decode_ms + steps[0],
        "tpot_ms": sum(steps[1:]) / (generated - 1) if generated > 1 else None,
    }


def _of_message(reading: Reading) -> dict[str, float | int | None]:
    """What stands beside the time of the teacher's message; all None where there is none."""
    tokens = len(reading.durations_ms(Stage.TEACHER_DECODE))
    in_vain = reading.in_vain_ms(Stage.TEACHER_DECODE)
    return {
        "num_teacher_tokens": tokens or None,
        "num_teacher_steps_run": tokens + len(in_vain) or None,
        "teacher_decode_in_vain_ms": sum(in_vain, 0.0) if tokens else None,
    }


def is_flagged(residual_ms: float, wall_time_ms: float, residual_limit: float) -> bool:
    """Whether the stages fail to add up: |residual| above a share of the wall time."""
    return abs(residual_ms) > residual_limit * wall_time_ms


def build_record(
    identity: Mapping[str, Any],
    texts: Mapping[str, Any],
    response: str,
    response_length: int,
    model_config: Mapping[str, Any],
    timing: Mapping[str, Any],
    reading: Reading,
    residual_limit: float,
    peak_memory_bytes: int | None,
    other_runtimes_bytes: int | None,
    scratch_bytes: int,
) -> dict[str, Any]:
    """One line of ``*_timing.jsonl``.

    Args:
        identity: id, dataset, subject, pair, method, runtime, length_view, repeat, process, order.
        texts: what the models read, as the method's task and answer tell it.
        peak_memory_bytes: while the request ran; None where the system does not tell.
        other_runtimes_bytes: what of it other runtimes of the process hold.
        scratch_bytes: what replayed work needs besides: no part of the peak.
    """
    record = {
        **identity,
        **texts,
        "response": response,
        "response_length": response_length,
        "residual_flag": is_flagged(timing["residual_ms"], timing["wall_time_ms"], residual_limit),
        "model_config": model_config,
        "timing": timing,
        "peak_memory_bytes": peak_memory_bytes,
        "other_runtimes_bytes": other_runtimes_bytes,
        "scratch_bytes": scratch_bytes,
    }
    # The answer's own steps first; those of other texts only where there are any.
    for stage in sorted(PER_TOKEN, key=lambda stage: stage is not Stage.DECODE):
        steps = reading.durations_ms(stage)
        if steps and stage.steps_key:
            record[stage.steps_key] = steps
    return record
