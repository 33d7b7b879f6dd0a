"""Requests under torch's profiler."""

from __future__ import annotations

from dataclasses import replace

import pytest
from engine.ladder import Keeping, ReadOneBehind

from c2c_timing.meters.clock import StageClock
from c2c_timing.probes.audit.launches import audit_launches, profile_request, ranges_of
from c2c_timing.probes.self_test.whole import open_tiny
from c2c_timing.session import Trial
from c2c_timing.stages import Stage


@pytest.fixture(scope="module")
def tiny():
    session, tasks = open_tiny("cpu")
    return session, {m: Trial(m, "eager", task.shortened(3)) for m, task in tasks.items()}


@pytest.mark.parametrize("method", ["base", "t2t", "c2c"])
def test_every_stage_is_found_with_its_calls(tiny, method):
    session, trials = tiny
    clock = StageClock()
    session.answer(trials[method], clock)
    marks = [stage for stage, _ in clock.read().marks]
    found = audit_launches(session, trials[method])
    assert {stage: work["calls"] for stage, work in found.items()} == {
        **{stage.value: marks.count(stage) for stage in marks},
        "residual": 1,
    }
    for stage, work in found.items():
        assert work["operators"] > 0, stage
        assert 0 < work["busy_share"] <= 1
        assert (work["time_ms"] or 1) > 0
        assert work["kernels"] is None


def test_more_layers_are_more_operators(tiny):
    """The tiny teacher has half as many layers again as the base."""
    session, trials = tiny
    found = audit_launches(session, trials["c2c"])
    base, teacher = (found[f"{model}_prefill"]["operators"] for model in ("base", "teacher"))
    models = (session.pair.base, session.pair.teachers[0])
    config = [lm.model.config.num_hidden_layers for lm in models]
    assert base * config[1] == pytest.approx(teacher * config[0], rel=0.1)
    assert found["base_embedding"]["operators"] == 1


def test_the_profiler_sees_the_same_request(tiny):
    session, trials = tiny
    expected = [Stage.BASE_EMBEDDING, Stage.BASE_PREFILL, Stage.DECODE]  # two steps fewer
    profiler, clock = profile_request(session, trials["base"], expected)
    assert clock.stages == [*expected, Stage.DECODE, Stage.DECODE]
    names = [event.name for event in profiler.events() if event.name.startswith("stage: ")]
    assert sorted(names) == sorted(
        ["stage: base_embedding", "stage: base_prefill", "stage: decode", *["stage: residual"] * 3]
    )


@pytest.fixture
def behind(tiny, monkeypatch):
    """Text-to-text whose texts end with their first tokens, which are read one step behind."""
    session, trials = tiny
    pair = session.running["eager"]
    readers = [Keeping(moves, ReadOneBehind) for moves in (pair.base, *pair.teachers)]
    running = replace(pair, base=readers[0], teachers=readers[1:])
    monkeypatch.setitem(session.running, "behind", running)
    for lm in (session.pair.base, *session.pair.teachers):
        monkeypatch.setattr(lm, "eos_ids", frozenset(range(lm.vocabulary_size)))
    return session, Trial("t2t", "behind", trials["t2t"].task.at_length("natural"))


def test_a_step_in_vain_is_no_call_of_a_stage(behind):
    session, trial = behind
    found = audit_launches(session, trial)
    wanted = audit_launches(session, replace(trial, runtime="eager"))
    assert "in_vain" not in wanted
    in_vain = found.pop("in_vain")
    assert {stage: work["calls"] for stage, work in found.items()} == {
        stage: work["calls"] for stage, work in wanted.items()
    }
    # one of the message and one of the answer, each with the operators of a step
    assert in_vain["calls"] == 2
    steps = [wanted[stage]["operators"] for stage in ("teacher_decode", "decode")]
    assert in_vain["operators"] == pytest.approx(sum(steps), abs=4)
    assert found["handover"]["operators"] == pytest.approx(wanted["handover"]["operators"], abs=4)
    assert in_vain["time_ms"] > 0


def test_a_step_in_vain_is_a_range_of_its_own(behind):
    session, trial = behind
    timed = session.time_request(trial)
    ranges = ranges_of(timed.reading)
    middle = ["teacher_decode", "in_vain", "handover", "base_embedding", "base_prefill"]
    assert ranges[2:] == [*middle, "decode", "in_vain"]
    profiler, clock = profile_request(session, trial, ranges)
    assert clock.stages == ranges
    names = [event.name for event in profiler.events() if event.name.startswith("stage: ")]
    assert sorted(names) == sorted(f"stage: {name}" for name in [*ranges, "residual"])
    timing = timed.timing
    assert (timing["num_teacher_tokens"], timing["num_teacher_steps_run"]) == (1, 2)
    assert (timing["num_generated_tokens"], timing["num_steps_run"]) == (1, 2)
    assert timing["handover_ms"] > timing["teacher_decode_in_vain_ms"] > 0
