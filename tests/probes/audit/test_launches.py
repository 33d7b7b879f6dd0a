"""Requests under torch's profiler."""

from __future__ import annotations

import pytest

from c2c_timing.meters.clock import StageClock
from c2c_timing.probes.audit.launches import audit_launches, profile_request
from c2c_timing.probes.self_test.whole import open_tiny
from c2c_timing.stages import Stage


@pytest.fixture(scope="module")
def tiny():
    session, request = open_tiny("cpu")
    return session, request.shortened(3)


@pytest.mark.parametrize("method", ["base", "t2t", "c2c"])
def test_every_stage_is_found_with_its_calls(tiny, method):
    session, request = tiny
    clock = StageClock()
    session.answer(method, request, clock)
    marks = [stage for stage, _ in clock.read().marks]
    found = audit_launches(session, method, request)
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
    found = audit_launches(*tiny[:1], "c2c", tiny[1])
    base, teacher = (found[f"{model}_prefill"]["operators"] for model in ("base", "teacher"))
    config = [
        m.model.config.num_hidden_layers for m in (tiny[0].pair.base, tiny[0].pair.teachers[0])
    ]
    assert base * config[1] == pytest.approx(teacher * config[0], rel=0.1)
    assert found["base_embedding"]["operators"] == 1


def test_the_profiler_sees_the_same_request(tiny):
    session, request = tiny
    expected = [Stage.BASE_EMBEDDING, Stage.BASE_PREFILL, Stage.DECODE]  # two steps fewer
    profiler, clock = profile_request(session, "base", request, expected)
    assert clock.stages == [*expected, Stage.DECODE, Stage.DECODE]
    names = [event.name for event in profiler.events() if event.name.startswith("stage: ")]
    assert sorted(names) == sorted(
        ["stage: base_embedding", "stage: base_prefill", "stage: decode", *["stage: residual"] * 3]
    )
