from __future__ import annotations

import time

import pytest
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
