"""What timing costs: the verdict on it, and whose requests tell. No test asserts a time."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from c2c_timing.meters.clock import NullClock, StageClock
from c2c_timing.probes.self_test.overhead import (
    describe,
    fastest,
    measure_clock,
    measure_overhead,
    verdict,
)


@pytest.mark.parametrize(("low", "high", "words"), [
    (0.995, 1.005, "ok"), (0.9, 1.0, "ok"), (1.02, 1.03, "above the bar"),
    (0.99, 1.02, "not distinguishable"), (1.005, 1.02, "not distinguishable"),
])  # fmt: skip
def test_the_verdict_on_the_overhead(low, high, words):
    assert verdict(low, high) == words


COSTS = {"mark_us": 2.0, "resolution_us": 1.0}


def test_overhead_is_a_ratio_with_an_interval(tiny):
    session, trials = tiny
    overhead = measure_overhead(session, trials["base"], COSTS, rounds=12)
    assert (overhead["method"], overhead["runtime"]) == ("base", "eager")
    assert overhead["ratio_low"] <= overhead["ratio"] <= overhead["ratio_high"]
    assert overhead["rounds"] == 12
    assert overhead["residual_ms"] > 0
    # start, embedding, prefill and three steps
    accounted = 6 * COSTS["mark_us"] / 1e3 / overhead["bare_request_ms"]
    assert overhead["accounted_share"] == pytest.approx(accounted)
    assert "95 %" in describe(overhead)[0]
    few = measure_overhead(session, trials["base"], COSTS, rounds=3)
    assert few["verdict"] == "not distinguishable"


def test_the_overhead_is_that_of_the_fastest_runtime(tiny, monkeypatch):
    session, trials = tiny
    for runtime, ms in (("slow", 30), ("fast", 0), ("slower", 60)):

        class Late:
            def __init__(self, moves, ms):
                self._moves, self._ms = moves, ms

            def __getattr__(self, name):
                return getattr(self._moves, name)

            def embed(self, ids):
                time.sleep(self._ms / 1e3)
                return self._moves.embed(ids)

        pair = session.running["eager"]
        monkeypatch.setitem(session.running, runtime, replace(pair, base=Late(pair.base, ms)))
    of = [replace(trials["base"], runtime=name) for name in ("slow", "fast", "slower")]
    assert fastest(session, of) is of[1]
    monkeypatch.setattr(session, "answer", None)  # of one alone nothing is asked
    assert fastest(session, of[:1]) is of[0]


def test_a_bare_request_is_the_same_request(tiny):
    session, trials = tiny
    bare, timed = (session.answer(trials["c2c"], clock) for clock in (NullClock(), StageClock()))
    assert bare == timed
    assert NullClock().read().marks == []


def test_the_clock_measures_itself():
    clock = measure_clock("cpu", repeats=2)
    assert clock["mark_us"] > 0
    assert clock["resolution_us"] > 0
