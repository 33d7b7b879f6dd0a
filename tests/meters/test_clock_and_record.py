from __future__ import annotations

import time

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from c2c_timing.meters.clock import Reading, StageClock, clock_for
from c2c_timing.record import is_flagged, timing_of
from c2c_timing.stages import Stage

MS = st.floats(1e-3, 1e4)


def test_each_stage_gets_its_own_delay_and_no_other():
    clock = clock_for("cpu", 8)
    delays = {Stage.BASE_PREFILL: 0.02, Stage.TEACHER_PREFILL: 0.05, Stage.DECODE: 0.005}
    clock.start()
    for stage, seconds in delays.items():
        time.sleep(seconds)
        clock.mark(stage)
    clock.stop()
    reading = clock.read()
    for stage, seconds in delays.items():
        # a sleep never ends early; how late it ends is the machine's affair
        assert reading.total_ms(stage) >= seconds * 1e3
    assert reading.total_ms(Stage.PROJECTOR) is None
    booked = sum(ms for _, ms in reading.marks)
    assert booked <= reading.wall_ms


def test_a_clock_can_be_used_again():
    clock = StageClock()
    for _ in range(2):
        clock.start()
        clock.mark(Stage.DECODE)
        clock.stop()
    assert len(clock.read().marks) == 1


def test_a_step_in_vain_is_told_apart_and_counts_for_what_follows(monkeypatch):
    moments = iter([0, *(ms * 1_000_000 for ms in (0, 2, 5, 9, 16, 25, 36, 49))])
    monkeypatch.setattr(time, "perf_counter_ns", lambda: next(moments))
    clock = StageClock()
    clock.start()
    clock.mark(Stage.TEACHER_DECODE)
    clock.mark(Stage.TEACHER_DECODE)
    clock.take_back()
    clock.mark(Stage.HANDOVER)
    clock.mark(Stage.DECODE)
    clock.mark(Stage.DECODE)
    clock.mark(Stage.DECODE)
    clock.take_back()
    clock.stop()
    reading = clock.read()
    assert reading.marks == [
        (Stage.TEACHER_DECODE, 2), (Stage.HANDOVER, 7), (Stage.DECODE, 7), (Stage.DECODE, 9),
    ]  # fmt: skip
    assert reading.in_vain == [(1, Stage.TEACHER_DECODE, 3), (4, Stage.DECODE, 11)]
    timing = timing_of(reading, None, 0.0)
    assert (timing["num_teacher_tokens"], timing["num_teacher_steps_run"]) == (1, 2)
    assert (timing["num_generated_tokens"], timing["num_steps_run"]) == (2, 3)
    assert (timing["teacher_decode_in_vain_ms"], timing["decode_in_vain_ms"]) == (3, 11)
    assert timing["handover_ms"] == 7
    assert timing["residual_ms"] == 49 - (2 + 7 + 7 + 9)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="events on a stream need CUDA")
def test_a_step_in_vain_on_a_stream():
    clock = clock_for("cuda", 3)
    for _ in range(2):
        clock.start()
        for stage, cycles in (
            (Stage.TEACHER_DECODE, 1_000_000),
            (None, 20_000_000),
            (Stage.HANDOVER, 1_000_000),
        ):
            torch.cuda._sleep(cycles)
            clock.mark(stage or Stage.TEACHER_DECODE)
            if stage is None:
                clock.take_back()
        clock.stop()
        reading = clock.read()
        assert [stage for stage, _ in reading.marks] == [Stage.TEACHER_DECODE, Stage.HANDOVER]
        (step,) = reading.in_vain
        assert (step.after, step.stage) == (1, Stage.TEACHER_DECODE)
        assert reading.total_ms(Stage.TEACHER_DECODE) < step.ms < reading.total_ms(Stage.HANDOVER)


@given(MS, MS, MS, st.lists(MS, min_size=1, max_size=20), st.floats(0, 10))
def test_the_keys_follow_their_formulas(base, teacher, projector, steps, residual):
    marks = [(Stage.BASE_PREFILL, base), (Stage.TEACHER_PREFILL, teacher)]
    marks += [(Stage.PROJECTOR, projector), *((Stage.DECODE, step) for step in steps)]
    total = base + teacher + projector + sum(steps)
    timing = timing_of(Reading(marks, total + residual), 28, tokenize_ms=1.0)
    assert timing["total_time_ms"] == pytest.approx(total)
    assert timing["residual_ms"] == pytest.approx(residual, abs=1e-6 * total)
    assert timing["ttft_ms"] == pytest.approx(base + teacher + projector + steps[0])
    assert timing["decode_avg_ms"] * len(steps) == pytest.approx(sum(steps))
    assert timing["tokens_per_second"] == pytest.approx(len(steps) / sum(steps) * 1e3)
    assert timing["projector_avg_ms"] == pytest.approx(projector / 28)
    assert timing["base_embedding_ms"] is None
    assert (timing["tpot_ms"] is None) == (len(steps) == 1)
    residual_ms, wall_ms = timing["residual_ms"], timing["wall_time_ms"]
    assert is_flagged(residual_ms, wall_ms, 0.02) == (abs(residual_ms) > 0.02 * wall_ms)


def test_a_stage_that_is_not_there_is_null():
    timing = timing_of(Reading([(Stage.DECODE, 2.0)], 2.5), None, 0.1)
    absent = {key for key, value in timing.items() if value is None}
    assert {"teacher_prefill_ms", "projector_total_ms", "projector_calls"} <= absent
