"""How often a stage is delayed before its timer is judged. Time is counted here, never measured."""

from __future__ import annotations

import pytest

from c2c_timing.meters.clock import StageClock
from c2c_timing.probes.self_test.stage_delays import FEWEST, REPEATS, check_stages
from c2c_timing.probes.self_test.witness import Witness
from c2c_timing.stages import Stage

METHODS = ("base", "c2c")


class Machine:
    """Counted time: every call of a stage takes 1 ms.

    ``error_ms`` says of a request, by its number and its delayed stage, what its timer adds to it.
    """

    def __init__(self, error_ms=lambda number, delayed: 0.0):
        self.ns, self.error_ms, self.delayed = 0, error_ms, []

    def witness(self, delayed, delay_ms):
        self.delayed.append(delayed)
        return CountedWitness(self, delayed, delay_ms)

    def clock(self, *_):
        return CountedClock(self)

    def number(self):
        """Of the request in hand, among those that delay the same stage; the first warm-up is none."""
        delayed = self.delayed[-1]
        return self.delayed.count(delayed) - (delayed is None)

    def check(self, tiny, methods=METHODS):
        session, trials = tiny
        return check_stages(session, [trials[name] for name in methods], self.clock, self.witness)


class CountedWitness(Witness):
    def __init__(self, machine, delayed, delay_ms):
        super().__init__(delayed, delay_ms)
        self.machine = machine

    def make(self, stage, call, *args):
        def counted(*args):
            self.machine.ns += 1_000_000
            return call(*args)

        return super().make(stage, counted, *args)

    def _now(self):
        return self.machine.ns

    def _pause(self):
        self.machine.ns += round(self.delay_ms * 1e6)


class CountedClock(StageClock):
    def __init__(self, machine):
        self.machine, self.late_ns = machine, 0

    def start(self):
        super().start()
        self._times = [self.machine.ns]

    def mark(self, stage):
        delayed = self.machine.delayed[-1]
        if stage is delayed and stage not in self._stages:
            self.late_ns += round(self.machine.error_ms(self.machine.number(), delayed) * 1e6)
        self._times.append(self.machine.ns + self.late_ns)
        self._stages.append(stage)


def test_on_a_quiet_machine_every_stage_is_soon_clear(tiny):
    checks = Machine().check(tiny)
    assert {check.is_passed for check in checks} == {True}
    assert {check.repeats for check in checks} == {FEWEST}
    assert (FEWEST, REPEATS) == (3, 7)  # as docs/can-i-trust-this-number.md says
    assert {check.error_ms for check in checks} == {0.0}


def test_what_is_unclear_is_repeated_and_nothing_else(tiny):
    def disturbed(number, delayed):
        return 50.0 if delayed is Stage.PROJECTOR and number == 2 else 0.0

    machine = Machine(disturbed)
    checks = machine.check(tiny)
    assert {check.is_passed for check in checks} == {True}
    repeats = {(check.method, check.stage): check.repeats for check in checks}
    assert repeats.pop(("c2c", "projector")) == REPEATS
    assert set(repeats.values()) == {FEWEST}
    # Beside each delayed request stands one without a delay; each method has one more to warm up.
    assert machine.delayed.count(None) == (1 + FEWEST) + (1 + REPEATS)


@pytest.mark.parametrize(("late", "is_passed"), [({1, 3, 6}, True), ({2, 4, 6, 7}, False)])
def test_where_it_stays_unclear_the_median_of_all_repeats_decides(tiny, late, is_passed):
    def disturbed(number, delayed):
        return 0.3 if delayed is Stage.BASE_PREFILL and number in late else 0.0

    checks = Machine(disturbed).check(tiny, ["c2c"])
    (prefill,) = [check for check in checks if check.stage == "base_prefill"]
    assert (prefill.is_passed, prefill.repeats) == (is_passed, REPEATS)


@pytest.mark.parametrize(("error_ms", "is_passed"), [(0.19, True), (-0.19, True), (0.21, False),
                                                     (-0.21, False), (-10.0, False)])  # fmt: skip
def test_a_timer_that_is_always_wrong_by_more_than_the_tolerance_fails(tiny, error_ms, is_passed):
    checks = Machine(lambda *_: error_ms).check(tiny)
    one_call = [check for check in checks if check.stage != "decode"]
    assert {check.is_passed for check in one_call} == {is_passed}
    assert {check.repeats for check in one_call} == {FEWEST if is_passed else REPEATS}
