"""The clock passes its test, and a clock that is wrong does not. No test asserts a time."""

from __future__ import annotations

import contextlib
import functools
import json
import time
from dataclasses import replace

import pytest
import torch

import self_test as command
from c2c_timing.meters.clock import StageClock
from c2c_timing.probes.self_test import stage_delays
from c2c_timing.probes.self_test import whole as self_test
from c2c_timing.probes.self_test.stage_delays import StageCheck, check_stages
from c2c_timing.probes.self_test.witness import Witness
from c2c_timing.session import Trial
from c2c_timing.stages import Stage


def check(tiny, *arguments, methods=self_test.METHODS, **others):
    session, trials = tiny
    return check_stages(session, [trials[method] for method in methods], *arguments, **others)


def failed(checks):
    return {(check.method, check.stage) for check in checks if not check.is_passed}


def test_the_clock_finds_every_delay_of_every_method(tiny):
    checks = check(tiny)
    assert failed(checks) == set()
    assert {check.method for check in checks} == set(self_test.METHODS)
    assert {check.stage for check in checks} == {stage.value for stage in Stage}
    assert {check.runtime for check in checks} == {"eager"}
    # 10 ms in each call: a sleep never ends early
    least = {check.stage: check.delay_ms for check in checks if check.method == "c2c"}
    assert least["decode"] >= 30
    assert least["projector"] >= 10


class WatchedBuilder:
    """Knows whether it is sealed, and how often it was."""

    def __init__(self):
        self.built, self.times, self.is_sealed = {}, 0, False

    @contextlib.contextmanager
    def sealed(self):
        self.times, self.is_sealed = self.times + 1, True
        yield
        self.is_sealed = False


def test_what_has_to_be_built_is_built_before_and_delayed_requests_are_sealed(tiny, monkeypatch):
    session, trials = tiny
    builder = WatchedBuilder()
    watched = replace(session.running["eager"], builder=builder)
    monkeypatch.setitem(session.running, "watched", watched)
    events = []
    make_ready = session.make_ready
    monkeypatch.setattr(
        session, "make_ready", lambda trial: (events.append("ready"), make_ready(trial))
    )

    class Watching(Witness):
        def make(self, stage, call, *args):
            events.append(builder.is_sealed)
            return super().make(stage, call, *args)

    trial = replace(trials["base"], runtime="watched")
    checks = check_stages(session, [trial], make_witness=Watching, repeats=1)
    assert {check.runtime for check in checks} == {"watched"}
    assert events[0] == "ready"
    assert set(events[1:]) == {True}
    assert builder.times == 1 + (1 + 3)  # a warm-up; once without a delay, and in each stage


SWAPPED = {Stage.BASE_PREFILL: Stage.TEACHER_PREFILL, Stage.TEACHER_PREFILL: Stage.BASE_PREFILL}


class SwappedClock(StageClock):
    """Takes two stages for each other."""

    def mark(self, stage):
        super().mark(SWAPPED.get(stage, stage))


def test_swapped_timers_fail(tiny):
    checks = check(tiny, lambda *_: SwappedClock(), methods=("c2c", "base"), repeats=3)
    assert failed(checks) >= {
        ("c2c", "base_prefill"),
        ("c2c", "teacher_prefill"),
        ("base", "base_prefill"),
    }
    first = next(check for check in checks if check.stage == "base_prefill")
    assert first.neighbour == "teacher_prefill"
    assert "c2c (eager): the timer of base_prefill shows" in first.as_line()


class Stream:
    """A device that works while the host goes on: queued work begins when the work before it is done."""

    def __init__(self):
        self.busy_until = 0

    def queue(self, ms):
        self.busy_until = self.event() + round(ms * 1e6)

    def event(self):
        """When the device reaches this place in the queue, in ns of the host's clock."""
        return max(time.perf_counter_ns(), self.busy_until)

    def synchronize(self):
        while time.perf_counter_ns() < self.busy_until:
            time.sleep(1e-4)


class StreamWitness(Witness):
    """Queues its delays on a stream, and reads the stream's own events."""

    stream: Stream

    def make(self, stage, call, *args):
        def waits(*args):
            # The models run on the host, so what reads a delayed result waits for it.
            self.stream.synchronize()
            return call(*args)

        return super().make(stage, waits, *args)

    def _now(self):
        return self.stream.event()

    def _pause(self):
        self.stream.queue(self.delay_ms)


class StreamClock(StageClock):
    """Marks where the stream's work ends, as events on a CUDA stream do."""

    def __init__(self, stream):
        self.stream = stream

    def start(self):
        self.stream.synchronize()
        super().start()

    def mark(self, stage):
        self._times.append(self.stream.event())
        self._stages.append(stage)


def on_a_stream(tiny, is_synchronised):
    stream = Stream()

    def witness(delayed, delay_ms):
        made = StreamWitness(delayed, delay_ms)
        made.stream = stream
        return made

    def clock(*_):
        return StreamClock(stream) if is_synchronised else StageClock()

    return check(tiny, clock, witness, methods=("base", "c2c"), repeats=5)


def test_a_clock_in_step_with_its_device_passes(tiny):
    assert failed(on_a_stream(tiny, is_synchronised=True)) == set()


def test_a_clock_that_drops_the_synchronisation_fails(tiny):
    checks = on_a_stream(tiny, is_synchronised=False)
    # Later calls of one stage still wait for its earlier ones; the last delay gets away.
    assert failed(checks) == {(check.method, check.stage) for check in checks}
    booked = {c.stage: c.neighbour for c in checks if c.method == "base"}
    assert booked["base_embedding"] == "base_prefill"
    assert booked["base_prefill"] == "decode"


def test_a_busy_machine_is_no_failure(tiny):
    checks = check(tiny, make_witness=HalfBusyWitness, methods=("base",), repeats=5)
    assert failed(checks) == set()


class HalfBusyWitness(Witness):
    """Every other request is slowed inside its stages, as by another process."""

    requests = 0

    def __init__(self, delayed, delay_ms):
        super().__init__(delayed, delay_ms)
        type(self).requests += 1

    def make(self, stage, call, *args):
        def slowed(*args):
            if self.requests % 2:
                time.sleep(0.03)
            return call(*args)

        return super().make(stage, slowed, *args)


def invented(error_ms, runtime="eager"):
    return StageCheck(
        "c2c", runtime, "projector", 40.0, 40.0 + error_ms, error_ms, "decode", 0.0, 0.8, 3
    )


@pytest.mark.parametrize(("error_ms", "code"), [(0.1, 0), (-40.0, 1)])
def test_the_command_says_what_it_found(tiny, tmp_path, monkeypatch, capsys, error_ms, code):
    monkeypatch.setattr(self_test, "check_stages", lambda *_: [invented(error_ms)])
    monkeypatch.setattr(self_test, "MANY_TOKENS", 4)
    output = tmp_path / "results" / "self_test.json"
    assert command.main(["--device", "cpu", "--output", str(output)]) == code
    found = json.loads(output.read_text())
    assert found["runtimes"] == ["eager"]
    assert found["passed"] == (code == 0)
    assert found["stages"][0]["passed"] == (code == 0)
    said = capsys.readouterr()
    assert "overhead of timing" in said.out
    assert ("FAILED" in said.out) == bool(code)
    if code:
        (line,) = said.err.splitlines()
        assert line.startswith("error: the clock cannot be trusted")
        assert "the timer of projector shows 0.000 ms of a delay of 40.000 ms" in line


# Other work on a machine may cost the clock a test; not again and again.
TRIES = 6


@pytest.fixture
def quick(monkeypatch):
    """The whole self-test with few repeats and short requests."""
    monkeypatch.setattr(self_test, "check_stages", functools.partial(check_stages, repeats=3))
    monkeypatch.setattr(self_test, "MANY_TOKENS", 4)


def test_every_method_and_stage_is_tested_under_every_runtime(quick, tmp_path, capsys):
    output = tmp_path / "self_test.json"
    flags = ["--device", "cpu", "--output", str(output)]
    for _ in range(TRIES):
        capsys.readouterr()
        if not (code := command.main([*flags, "--runtimes", "eager", "fused", "eager"])):
            break
    assert code == 0
    found = json.loads(output.read_text())
    assert found["runtimes"] == ["eager", "fused"]
    assert found["overhead"]["runtime"] in found["runtimes"]
    rows = [(row["runtime"], row["method"], row["stage"]) for row in found["stages"]]
    eager, fused = ([row[1:] for row in rows if row[0] == name] for name in found["runtimes"])
    assert eager == fused
    assert {method for method, _ in eager} == set(self_test.METHODS)
    said = capsys.readouterr().out.splitlines()
    assert said[1].split()[:3] == ["runtime", "method", "stage"]
    assert [tuple(line.split()[:3]) for line in said[2 : 2 + len(rows)]] == rows


def test_one_runtime_that_fails_is_a_failure(tmp_path, monkeypatch, capsys):
    checks = [invented(0.1), invented(-40.0, "fused"), invented(0.1, "fused")]
    monkeypatch.setattr(self_test, "check_stages", lambda *_: checks)
    monkeypatch.setattr(self_test, "MANY_TOKENS", 4)
    output = tmp_path / "self_test.json"
    flags = ["--device", "cpu", "--output", str(output), "--runtimes", "eager", "fused"]
    assert command.main(flags) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "1 of 3 stages failed; c2c (fused): the timer of projector" in line
    found = json.loads(output.read_text())
    assert [row["passed"] for row in found["stages"]] == [True, False, True]
    assert not found["passed"]


def test_a_mistake_is_one_line(tmp_path, capsys):
    output = ["--output", str(tmp_path / "x.json")]
    assert command.main(["--device", "tpu", *output]) == 1
    assert command.main(["--device", "cpu", "--output", "/dev/null/x/y.json"]) == 1
    assert command.main(["--device", "cpu", "--runtimes", "eager", "graphs", *output]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 3
    assert "runtime graphs runs on cuda, not on cpu" in lines[2]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="graphs are captured on CUDA alone")
@pytest.mark.parametrize("runtime", ["eager", "fused", "graphs", "compiled"])
def test_the_clock_finds_every_delay_on_cuda(runtime):
    session, tasks = self_test.open_tiny("cuda", [runtime])
    trials = [
        Trial(method, runtime, task.shortened(self_test.FEW_TOKENS))
        for method, task in tasks.items()
    ]
    checks = check_stages(session, trials, repeats=3)
    assert [check.as_line() for check in checks if not check.is_passed] == []
    assert {check.stage for check in checks} == {stage.value for stage in Stage}


def test_the_tolerance_is_two_per_cent_or_a_fifth_of_a_millisecond():
    assert (stage_delays.SHARE, stage_delays.LEAST_MS) == (0.02, 0.2)
