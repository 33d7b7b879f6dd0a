"""The record of one request: the contract's keys, computed from what the clock read."""

from __future__ import annotations

from typing import Any

from .meters.clock import Reading
from .stages import Stage


def timing_of(
    reading: Reading, projector_calls: int | None, tokenize_ms: float
) -> dict[str, float | int | None]:
    """The ``timing`` of a record; a stage that the method does not have is None, never 0.

    Formulas and units are those of the record schema, ``workflow/schemas/record.schema.yaml``.
    """
    steps = reading.durations_ms(Stage.DECODE)
    decode_ms, generated = sum(steps), len(steps)
    projector_ms = reading.total_ms(Stage.PROJECTOR)
    total_ms = sum(ms for _, ms in reading.marks)
    before_first_token = total_ms - decode_ms + steps[0]
    return {
        "base_embedding_ms": reading.total_ms(Stage.BASE_EMBEDDING),
        "teacher_embedding_ms": reading.total_ms(Stage.TEACHER_EMBEDDING),
        "base_prefill_ms": reading.total_ms(Stage.BASE_PREFILL),
        "teacher_prefill_ms": reading.total_ms(Stage.TEACHER_PREFILL),
        "projector_total_ms": projector_ms,
        "projector_calls": projector_calls,
        "projector_avg_ms": projector_ms / projector_calls if projector_calls else None,
        "teacher_decode_total_ms": reading.total_ms(Stage.TEACHER_DECODE),
        "num_teacher_tokens": len(reading.durations_ms(Stage.TEACHER_DECODE)) or None,
        "handover_ms": reading.total_ms(Stage.HANDOVER),
        "decode_total_ms": decode_ms,
        "decode_avg_ms": decode_ms / generated,
        "num_generated_tokens": generated,
        "tokens_per_second": generated / decode_ms * 1e3,
        "total_time_ms": total_ms,
        "wall_time_ms": reading.wall_ms,
        "residual_ms": reading.wall_ms - total_ms,
        "tokenize_ms": tokenize_ms,
        "ttft_ms": before_first_token,
        "tpot_ms": sum(steps[1:]) / (generated - 1) if generated > 1 else None,
    }


def is_flagged(timing: dict[str, float | int | None], residual_limit: float) -> bool:
    """Whether the stages fail to add up: |residual| above a share of the wall time."""
    return abs(timing["residual_ms"]) > residual_limit * timing["wall_time_ms"]


def build_record(
    identity: dict[str, Any],
    texts: dict[str, Any],
    response: str,
    response_length: int,
    model_config: dict,
    timing: dict,
    reading: Reading,
    residual_limit: float,
    peak_memory_bytes: int | None,
) -> dict:
    """One line of ``*_timing.jsonl``.

    Args:
        identity: id, dataset, subject, pair, method, runtime, length_view, repeat, order.
        texts: prompt, prompt_length and teacher_prompt_length; message and its length of text-to-text.
        peak_memory_bytes: while the request ran; None where the system does not tell.
    """
    record = {
        **identity,
        **texts,
        "response": response,
        "response_length": response_length,
        "residual_flag": is_flagged(timing, residual_limit),
        "model_config": model_config,
        "timing": timing,
        "peak_memory_bytes": peak_memory_bytes,
        "decode_step_times_ms": reading.durations_ms(Stage.DECODE),
    }
    if message_steps := reading.durations_ms(Stage.TEACHER_DECODE):
        record["teacher_decode_step_times_ms"] = message_steps
    return record
