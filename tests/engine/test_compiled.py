"""The compiled runtime on a CPU: what it computes, that it is sealed, what the probes find in it."""

from __future__ import annotations

import itertools
import os
import shutil
from dataclasses import replace

import pytest
import torch
from compiled_code import compiled_code
from engine.ladder import CPU, TOLERANCE, Keeping, assert_same, outcome

from c2c_timing.engine.decoding import Decoding
from c2c_timing.engine.request import TextSpan, build_request, same_ids
from c2c_timing.engine.runtimes import NotReadyError
from c2c_timing.engine.static.compiling import CACHE_VARIABLE
from c2c_timing.probes.audit.energy import RepeatingClock
from c2c_timing.probes.audit.launches import audit_launches
from c2c_timing.probes.audit.stage_memory import memory_by_stage
from c2c_timing.probes.self_test.stage_delays import check_stages
from c2c_timing.probes.self_test.whole import FEW_TOKENS, METHODS, open_tiny
from c2c_timing.probes.stage_calls import answer_through
from c2c_timing.session import Trial

RUNTIMES = ("eager", "fused", "compiled")
# Each further one costs a compilation of the teacher's step.
COMPILED_METHODS = ("base", "c2c")


@pytest.fixture(scope="module")
def tiny():
    """The tiny pair under every runtime of a CPU; each method's move made once."""
    if not shutil.which("g++"):
        pytest.skip("no g++: nothing can be compiled here")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(CACHE_VARIABLE, str(compiled_code()))
        session, tasks = open_tiny("cpu", RUNTIMES)
        tasks = {method: task.shortened(FEW_TOKENS) for method, task in tasks.items()}
        for method in COMPILED_METHODS:
            session.make_ready(Trial(method, "compiled", tasks[method]))
        yield session, tasks


def compare(session, method, task):
    wanted = outcome(session.running["eager"], session.methods[method], task)
    for name in ("fused", "compiled"):
        assert_same(outcome(session.running[name], session.methods[method], task), wanted)


def test_what_is_compiled_lies_where_the_user_said(tiny, tmp_path, monkeypatch):
    session, _ = tiny
    assert os.environ[CACHE_VARIABLE] == str(compiled_code())  # after the pair was opened
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    builder = type(session.running["compiled"].builder)()
    builder.compiled(lambda x: 3 * x + 1)(torch.ones(3))
    assert os.environ[CACHE_VARIABLE] == str(tmp_path)
    assert list(tmp_path.rglob("*.so"))


@pytest.mark.parametrize("method", COMPILED_METHODS)
def test_compiled_computes_what_eager_computes(tiny, method):
    session, tasks = tiny
    compare(session, method, tasks[method])


def plain(session, tasks, length, new_tokens=3, **decoding):
    vocabulary = session.pair.base.vocabulary_size
    ids = [(7 * n * n + 3) % vocabulary for n in range(length)]
    how = Decoding(new_tokens, **{"ignore_eos": True, **decoding})
    return replace(tasks["c2c"], request=build_request(same_ids(ids, 1), how, CPU))


@pytest.mark.parametrize("length", [9, 31, 33, 129, 130, 258])
def test_at_other_lengths_and_capacities(tiny, length):
    session, tasks = tiny
    for new_tokens in (1, 5):
        compare(session, "c2c", plain(session, tasks, length, new_tokens))


def test_sampled_and_in_sections(tiny):
    session, tasks = tiny
    compare(session, "c2c", plain(session, tasks, 20, 6, temperature=1.5, seed=3))
    spans = [
        TextSpan([3, 4], [[9, 8, 7, 6, 5]], False),
        TextSpan(list(range(20, 41)), [list(range(30, 51))], True),
        TextSpan([8, 9, 10], [[1]], False),
    ]
    request = build_request(spans, Decoding(4, ignore_eos=True), CPU)
    compare(session, "c2c", replace(tasks["c2c"], request=request))


def test_a_sealed_request_compiles_nothing(tiny):
    session, tasks = tiny
    builder = session.running["compiled"].builder
    built = dict(builder.built)
    for method in COMPILED_METHODS:
        session.time_request(Trial(method, "compiled", tasks[method]))
    assert builder.built == built
    trial = Trial("c2c", "compiled", plain(session, tasks, 300, 30))
    with pytest.raises(NotReadyError):
        session.time_request(trial)
    assert builder.built == built
    session.make_ready(trial)
    built = dict(builder.built)
    assert session.time_request(trial).timing["num_steps_run"] == 30
    assert builder.built == built


def test_a_recompilation_in_a_sealed_request_is_an_error(tiny):
    session, _ = tiny
    builder = session.running["compiled"].builder
    doubled = builder.compiled(lambda x: 2 * x)
    doubled(torch.ones(3))
    with builder.sealed():
        doubled(torch.ones(3))
        with pytest.raises(RuntimeError, match=r"[Rr]ecompil"):
            doubled(torch.ones(3, dtype=torch.float64))
    doubled(torch.ones(3, dtype=torch.float64))


@pytest.mark.parametrize(
    ("runtime", "methods"), [("fused", METHODS), ("compiled", COMPILED_METHODS)]
)
def test_the_clock_finds_every_delay(tiny, runtime, methods):
    session, tasks = tiny
    trials = [Trial(method, runtime, tasks[method]) for method in methods]
    checks = check_stages(session, trials, repeats=3)
    assert [check.as_line() for check in checks if not check.is_passed] == []
    assert {check.stage for check in checks} >= {"base_prefill", "teacher_prefill", "projector"}
    assert {check.runtime for check in checks} == {runtime}


@pytest.mark.parametrize(
    ("runtime", "method"),
    [
        *itertools.product(["fused"], METHODS),
        *itertools.product(["compiled"], COMPILED_METHODS),
    ],
)
def test_the_audit_sees_every_stage(tiny, runtime, method):
    session, tasks = tiny
    trial, eager = (Trial(method, name, tasks[method]) for name in (runtime, "eager"))
    found, wanted = audit_launches(session, trial), audit_launches(session, eager)
    assert list(found) == list(wanted)
    assert all(work["calls"] == wanted[stage]["calls"] for stage, work in found.items())
    assert all(work["operators"] > 0 for work in found.values())
    if method == "c2c":
        assert found["projector"]["operators"] < wanted["projector"]["operators"]
    assert set(memory_by_stage(session, trial)) == set(memory_by_stage(session, eager))


class Thrice:
    """In an energy meter's place."""

    def joules_of(self, action):
        for _ in range(3):
            action()
        return 1.0


@pytest.mark.parametrize("runtime", ["fused", "compiled"])
@pytest.mark.parametrize("method", COMPILED_METHODS)
def test_a_request_goes_on_as_if_nothing_had_been_repeated(tiny, runtime, method, monkeypatch):
    session, tasks = tiny
    pair = session.running[runtime]
    wanted = outcome(pair, session.methods[method], tasks[method])
    every = [Keeping(moves) for moves in (pair.base, *pair.teachers)]
    kept = replace(pair, base=every[0], teachers=every[1:])
    monkeypatch.setitem(session.running, "kept", kept)
    clock = RepeatingClock(Thrice(), range(100))
    with pair.builder.sealed():
        answer_through(session, Trial(method, "kept", tasks[method]), clock, maker=clock)
    assert all(clock.joules.values())
    caches = [cache for moves in every for cache in moves.caches]
    assert [cache.get_seq_length() for cache in caches] == wanted.lengths
    for cache, theirs in zip(caches, wanted.tensors, strict=True):
        for mine, other in zip(cache.tensors(), theirs, strict=True):
            torch.testing.assert_close(mine[:, :, : other.shape[2]], other, **TOLERANCE)
