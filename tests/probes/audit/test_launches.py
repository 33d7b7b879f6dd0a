"""Requests under torch's profiler."""

from __future__ import annotations

import pytest

from c2c_timing.meters.clock import StageClock
from c2c_timing.probes.audit.launches import audit_launches, profile_request
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
