"""Peaks of memory: of a process as Linux keeps them, of stages and records."""

from __future__ import annotations

import pytest
import torch

from c2c_timing.meters import peak_memory as memory
from c2c_timing.meters.peak_memory import ResidentPeak, peak_memory_of
from c2c_timing.probes.audit.stage_memory import MemoryClock, memory_by_stage
from c2c_timing.probes.self_test.whole import open_tiny
from c2c_timing.session import Trial
from c2c_timing.stages import Stage

MIB = 1 << 20
is_linux = pytest.mark.skipif(not memory.FORGET.exists(), reason="peaks are known on Linux only")


@pytest.fixture(scope="module")
def tiny():
    session, tasks = open_tiny("cpu")
    return session, {m: Trial(m, "eager", task.shortened(2)) for m, task in tasks.items()}


@is_linux
def test_a_peak_is_seen_after_it_has_gone_and_forgotten_when_asked():
    peak = peak_memory_of(torch.device("cpu"))
    peak.reset()
    before = peak.peak_bytes()
    held = torch.ones(128 * MIB, dtype=torch.uint8)
    del held
    assert peak.peak_bytes() > before + 100 * MIB
    peak.reset()
    assert peak.peak_bytes() < before + 100 * MIB


def test_no_peak_is_known_where_the_system_does_not_forget(monkeypatch, tmp_path):
    peak = ResidentPeak()
    assert peak.peak_bytes() is None  # never reset: it would be that of the whole process
    monkeypatch.setattr(memory, "FORGET", tmp_path / "no" / "such")
    peak.reset()
    assert peak.peak_bytes() is None


class Peaks:
    """A peak that follows a script."""

    def __init__(self, *values):
        self._values, self.resets = list(values), 0

    def reset(self):
        self.resets += 1

    def peak_bytes(self):
        return self._values.pop(0)


def test_a_stage_that_comes_often_keeps_its_largest_peak():
    peaks = Peaks(10, 30, 50, 40)
    clock = MemoryClock(peaks)
    clock.start()
    for stage in (Stage.BASE_PREFILL, Stage.DECODE, Stage.DECODE, Stage.DECODE):
        clock.mark(stage)
    clock.stop()
    assert clock.peaks == {Stage.BASE_PREFILL: 10, Stage.DECODE: 50}
    assert peaks.resets == 5  # before the first stage and after each


def test_what_is_not_known_is_none():
    clock = MemoryClock(Peaks(None, None))
    clock.mark(Stage.DECODE)
    clock.mark(Stage.DECODE)
    assert clock.peaks == {Stage.DECODE: None}


@is_linux
@pytest.mark.parametrize("method", ["base", "teacher", "t2t", "c2c"])
def test_every_stage_has_a_peak(tiny, method):
    session, trials = tiny
    found = memory_by_stage(session, trials[method])
    peaks = found["stage_peak_bytes"]
    assert {"decode"} < set(peaks)
    assert found["of"] == "process"
    assert found["request_peak_bytes"] == max(peaks.values())
    assert min(peaks.values()) > 50 * MIB  # torch alone is more
