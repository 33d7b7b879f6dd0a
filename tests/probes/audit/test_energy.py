"""Energy against a counter that draws the same power all the time: joules are seconds."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
import torch

from c2c_timing.engine.runtimes.eager import EagerMoves
from c2c_timing.meters.clock import NullClock, StageClock
from c2c_timing.probes.audit import energy
from c2c_timing.probes.audit.energy import EnergyMeter, RepeatingClock, measure_energy
from c2c_timing.probes.self_test.whole import open_tiny
from c2c_timing.probes.stage_calls import answer_through
from c2c_timing.session import Trial
from c2c_timing.stages import Stage

WATTS = 100.0


@pytest.fixture(scope="module")
def tiny():
    session, tasks = open_tiny("cpu")
    return session, {m: Trial(m, "eager", task.shortened(5)) for m, task in tasks.items()}


def counter():
    return WATTS * time.perf_counter()


class Steps:
    """A counter that takes one joule for each of an action's repeats, however long they last."""

    def __init__(self):
        self.joules = 0.0

    def __call__(self):
        return self.joules

    def act(self):
        self.joules += 1.0
        time.sleep(1e-3)


def test_a_meter_shares_a_window_among_its_repeats():
    steps, finished = Steps(), []
    meter = EnergyMeter(steps, lambda: finished.append(steps.joules), window_seconds=0.02)
    assert meter.joules_of(steps.act) == 1.0
    assert finished[0] == 0.0  # what was asked for before is not in the window
    assert finished[-1] == steps.joules  # and all that was asked for within it is


@pytest.mark.parametrize("method", ["base", "teacher", "t2t", "c2c"])
def test_every_stage_of_a_method_has_its_energy(tiny, method):
    session, trials = tiny
    found = measure_energy(session, trials[method], counter, window_seconds=0.01, windows=2)
    clock = StageClock()
    session.answer(trials[method], clock)
    stages = {stage.value for stage, _ in clock.read().marks}
    assert set(found["stage_joules"]) == stages
    assert all(joules > 0 for joules in found["stage_joules"].values())
    assert found["request_joules_min"] <= found["request_joules"] <= found["request_joules_max"]
    assert found["generated_tokens"] == 5
    assert found["joules_per_token"] == pytest.approx(found["request_joules"] / 5)


def test_nothing_is_projected_for_nothing(tiny):
    session, trials = tiny
    trial = replace(trials["c2c"], method="c2c_closed")
    found = measure_energy(session, trial, counter, 0.01, 1)
    assert found["stage_joules"]["projector"] == 0.0


class Spy(EagerMoves):
    """Keeps the logits of every step: made-up weights may choose one token for ever."""

    def __init__(self, lm):
        super().__init__(lm)
        self.kept = []

    def logits(self, token, cache):
        self.kept.append(super().logits(token, cache))
        return self.kept[-1]


class Thrice:
    """In the meter's place."""

    def joules_of(self, action):
        for _ in range(3):
            action()
        return 1.0


@pytest.mark.parametrize("method", ["base", "teacher", "t2t", "c2c"])
def test_a_request_goes_on_as_if_nothing_had_been_repeated(tiny, method, monkeypatch):
    session, trials = tiny
    trial = replace(trials[method], runtime="spied")

    def logits(request):
        spies = [Spy(session.pair.base), Spy(session.pair.teachers[0])]
        pair = replace(session.running["eager"], base=spies[0], teachers=spies[1:])
        monkeypatch.setitem(session.running, "spied", pair)
        request()
        return [torch.stack(spy.kept) for spy in spies if spy.kept]

    clock = RepeatingClock(Thrice(), range(100))
    untouched = logits(lambda: session.answer(trial, NullClock()))
    repeated = logits(lambda: answer_through(session, trial, clock, maker=clock))
    assert len(clock.joules) >= 7
    for once, often in zip(untouched, repeated, strict=True):
        # each step, and three repeats of it
        assert torch.equal(once.repeat_interleave(4, dim=0), often)
        assert not torch.equal(once[0], once[1])


def test_middle_steps_stand_for_all():
    decode, prefill = Stage.DECODE, Stage.BASE_PREFILL
    stages = [prefill, prefill, Stage.PROJECTOR, decode, decode, decode]
    assert list(energy._runs(stages)) == [(prefill, 2, 1), (Stage.PROJECTOR, 1, 2), (decode, 3, 4)]


def test_without_a_counter_there_is_no_energy(tiny):
    session, trials = tiny
    assert energy.energy_by_stage(session, trials["base"]) is None
