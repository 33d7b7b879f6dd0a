"""Nothing is timed beside something else on one device."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
import torch
from folders import SCRIPTS
from patience import PATIENCE

from c2c_timing.meters.one_stopwatch import alone_on

CPU = torch.device("cpu")
# Tells when it has the device, and leaves it when it is told to.
HOLDER = """
import types
from c2c_timing.meters.one_stopwatch import alone_on
with alone_on(types.SimpleNamespace(type="cpu"), "gsm8k/main of tiny"):
    with alone_on(types.SimpleNamespace(type="cpu"), "within"):
        pass
    print("has it", flush=True)
    input()
print("left it", flush=True)
"""


@pytest.fixture
def begin(tmp_path):
    processes = []

    def begin(locks=tmp_path / "locks", cores=None):
        word = [] if cores is None else ["taskset", "-c", str(cores)]
        processes.append(
            subprocess.Popen(
                [*word, sys.executable, "-c", HOLDER], text=True,
                env={**os.environ, "PYTHONPATH": str(SCRIPTS), "C2C_TIMING_LOCKS": str(locks)},
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            )
        )  # fmt: skip
        return processes[-1]

    yield begin
    for process in processes:
        process.kill()
        process.communicate()


def test_a_second_one_waits_and_says_for_whom(begin):
    first = begin()
    assert first.stdout.readline() == "has it\n"
    second = begin()
    waits = second.stderr.readline()
    assert waits.startswith("waiting for the cpu of this machine: ")
    assert f"gsm8k/main of tiny (process {first.pid}, since " in waits
    assert second.poll() is None
    first.stdin.write("\n")
    first.stdin.flush()
    assert second.stdout.readline() == "has it\n"
    assert first.stdout.readline() == "left it\n"


def test_who_is_killed_leaves_it(begin):
    first = begin()
    first.stdout.readline()
    second = begin()
    second.stderr.readline()
    first.kill()
    assert second.stdout.readline() == "has it\n"


@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="one core")
def test_work_on_other_cores_goes_on(begin):
    cores = sorted(os.sched_getaffinity(0))
    first, second = begin(cores=cores[0]), begin(cores=cores[1])
    assert first.stdout.readline() == second.stdout.readline() == "has it\n"
    third = begin()  # may use both
    assert third.stderr.readline().startswith("waiting")


def test_a_wait_can_be_interrupted(begin):
    begin().stdout.readline()
    second = begin()
    second.stderr.readline()
    second.terminate()
    second.communicate(timeout=PATIENCE)
    assert second.returncode != 0


def test_where_there_can_be_no_lock_it_is_said(monkeypatch, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("C2C_TIMING_LOCKS", str(tmp_path / "file" / "locks"))
    with alone_on(CPU, "x"):
        pass
    (line,) = capsys.readouterr().err.splitlines()
    assert "no lock" in line and "nothing keeps others from timing at the same time" in line


def test_locks_are_for_everyone(monkeypatch, tmp_path):
    monkeypatch.setenv("C2C_TIMING_LOCKS", str(tmp_path / "locks"))
    with alone_on(CPU, "x"):
        pass
    assert (tmp_path / "locks").stat().st_mode & 0o7777 == 0o1777
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "locks").iterdir()} == {0o666}
