"""What timing costs: the verdict on it, and whose requests tell. No test asserts a time."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from c2c_timing.meters.clock import NullClock, StageClock
from c2c_timing.probes.self_test.overhead import (
    LONG_MS,
    SHORT_TOKENS,
    describe,
    measure_clock,
    measure_overhead,
    most_telling,
    tokens_for_bar,
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
    names = ("slow", "fast", "slower")
    chosen = most_telling(session, [replace(trials["base"], runtime=name) for name in names])
    assert (chosen.method, chosen.runtime) == ("base", "fast")


@pytest.mark.parametrize(("short_ms", "most", "tokens"), [
    (LONG_MS, 128, SHORT_TOKENS),  # long enough as it is
    (300.0, 128, SHORT_TOKENS),
    (60.0, 128, 60),  # half as long again as a hundred ms would need, were all tokens alike
    (25.0, 128, 128),
    (10.0, 128, SHORT_TOKENS),  # the bar applies at no length
    (10.0, 4, 4),
])  # fmt: skip
def test_the_request_is_no_longer_than_the_bar_asks_for(short_ms, most, tokens):
    assert tokens_for_bar(short_ms, most) == tokens


def test_the_chosen_request_is_the_same_but_shorter(tiny):
    session, trials = tiny
    whole = trials["c2c"].task
    task = most_telling(session, [trials["c2c"]]).task
    assert task.request.base_ids is whole.request.base_ids
    most = whole.request.decoding.max_new_tokens
    assert task.request.decoding.max_new_tokens == min(SHORT_TOKENS, most)


def test_a_bare_request_is_the_same_request(tiny):
    session, trials = tiny
    bare, timed = (session.answer(trials["c2c"], clock) for clock in (NullClock(), StageClock()))
    assert bare == timed
    assert NullClock().read().marks == []


def test_the_clock_measures_itself():
    clock = measure_clock("cpu", repeats=2)
    assert clock["mark_us"] > 0
    assert clock["resolution_us"] > 0
