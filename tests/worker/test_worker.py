"""What passes between a command and its worker, and when a worker ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from folders import SCRIPTS
from patience import PATIENCE

HERE = Path(__file__).parent
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="there is no worker elsewhere")
KINDS = pytest.mark.parametrize("kind", ["child", "place"])


def begun(command, cwd, **environment):
    """A command with pipes for what it says."""
    return subprocess.Popen(
        [sys.executable, *map(str, command)], cwd=cwd, env={**os.environ, **environment}, text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


class Toy:
    def __init__(self, folder):
        self.folder = folder
        self.environment = {**os.environ, "PYTHONPATH": f"{SCRIPTS}"}

    def start(self, *words, cwd=None, **environment):
        command = [HERE / "toy_command.py", self.folder, *words]
        return begun(command, cwd or self.folder.parent, **self.environment | environment)

    def run(self, *words, **more):
        process = self.start(*words, **more)
        out, err = process.communicate(timeout=PATIENCE)
        return subprocess.CompletedProcess(words, process.returncode, out, err)

    def workers(self):
        """Processes of this folder's workers, children included."""
        found = []
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                words = path.read_bytes().split(b"\0")
            except OSError:
                continue
            if b"--folder" in words and str(self.folder).encode() in words:
                found.append(int(path.parent.name))
        return found


def until(happens):
    end = time.monotonic() + PATIENCE
    while not (found := happens()):
        assert time.monotonic() < end
        time.sleep(0.02)
    return found


@pytest.fixture
def toy(tmp_path):
    toy = Toy(tmp_path / "worker")
    yield toy
    for worker in toy.workers():
        os.kill(worker, signal.SIGKILL)


def pid_in(path):
    until(lambda: path.exists() and path.read_text())
    return int(path.read_text())


def is_gone(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


@KINDS
def test_one_worker_takes_command_after_command(toy, tmp_path, kind):
    other = tmp_path / "elsewhere"
    other.mkdir()
    first = toy.run(kind, "tell", "a b", "ü")
    second = toy.run(kind, "tell", cwd=other)
    (pid1, count1, cwd1, *rest1), (pid2, count2, cwd2) = first.stdout.split(), second.stdout.split()
    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    assert (count1, count2) == ("1", "2")
    assert (cwd1, cwd2) == (str(tmp_path), str(other))
    assert rest1 == ["a", "b", "ü"]
    assert (pid1 == pid2) is (kind == "place")
    assert len(toy.workers()) == 1
    assert toy.folder.stat().st_mode & 0o777 == 0o700


@KINDS
def test_trouble_is_told_where_the_command_runs(toy, kind):
    failed = toy.run(kind, "fail")
    assert (failed.returncode, failed.stderr) == (1, "error: nothing can be done\n")
    unloadable = toy.run(kind, "unloadable")
    assert (unloadable.returncode, unloadable.stderr) == (1, "error: cannot be loaded\n")
    stumbled = toy.run(kind, "stumble")
    assert stumbled.returncode == 1
    assert "ZeroDivisionError: a fault of ours" in stumbled.stderr
    assert toy.run(kind, "tell").returncode == 0


def test_a_process_in_which_a_shard_failed_takes_no_other(toy):
    toy.run("place", "tell")
    (before,) = toy.workers()
    toy.run("place", "fail")
    until(lambda: is_gone(before))
    assert toy.run("place", "tell").stdout.split()[1] == "1"


@KINDS
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_to_the_command_reaches_the_work(toy, tmp_path, kind, number):
    process = toy.start(kind, "wait", tmp_path / "pid")
    working = pid_in(tmp_path / "pid")
    process.send_signal(number)
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 128 + number
    assert err == f"interrupted by {signal.Signals(number).name}\n"
    until(lambda: is_gone(working))


@KINDS
def test_who_waits_for_a_turn_can_be_interrupted_and_is_never_run(toy, tmp_path, kind):
    first = toy.start(kind, "wait", tmp_path / "pid")
    pid_in(tmp_path / "pid")
    second = toy.start(kind, "wait", tmp_path / "second")
    time.sleep(0.5)  # on its way; where it is not there yet, so much the easier
    second.send_signal(signal.SIGINT)
    second.wait(timeout=PATIENCE)  # its streams are with the worker until that looks at them
    assert second.returncode in (128 + signal.SIGINT, -signal.SIGINT)
    assert first.poll() is None
    first.terminate()
    first.communicate(timeout=PATIENCE)
    assert toy.run(kind, "tell").returncode == 0
    assert not (tmp_path / "second").exists()


def test_many_commands_leave_nothing_open(toy):
    owner = {"C2C_TIMING_WORKER_OWNER": str(os.getpid())}
    toy.run("child", "tell", **owner)
    (worker,) = toy.workers()
    before = len(list(Path(f"/proc/{worker}/fd").iterdir()))
    for kind in ("child", "place") * 4:
        toy.run(kind, "tell", **owner)
    assert len(list(Path(f"/proc/{worker}/fd").iterdir())) == before


def test_a_folder_that_others_may_enter_is_left_as_it_is(toy):
    toy.folder.mkdir(mode=0o755)
    done = toy.run("child", "tell")
    assert (done.returncode, done.stdout) == (0, "alone\n")
    assert "it is not yours alone; name another folder" in done.stderr
    assert toy.folder.stat().st_mode & 0o777 == 0o755


@KINDS
def test_work_ends_with_its_command(toy, tmp_path, kind):
    process = toy.start(kind, "wait", tmp_path / "pid")
    working = pid_in(tmp_path / "pid")
    process.kill()
    until(lambda: is_gone(working))
    assert toy.run(kind, "tell").returncode == 0


@KINDS
def test_work_that_will_not_end_is_ended_with_its_command(toy, tmp_path, kind):
    process = toy.start(kind, "ignore", tmp_path / "pid")
    working = pid_in(tmp_path / "pid")
    process.kill()
    until(lambda: is_gone(working))
    assert toy.run(kind, "tell").returncode == 0


def test_what_kills_a_child_kills_no_other(toy, tmp_path):
    died = toy.run("child", "die", tmp_path / "pid")
    assert died.returncode == 128 + signal.SIGKILL
    assert toy.run("child", "tell").stdout.split()[1] == "2"


@KINDS
def test_a_command_whose_worker_dies_goes_on_alone_and_nothing_is_left(toy, tmp_path, kind):
    process = toy.start(kind, "wait", tmp_path / "pid")
    working = pid_in(tmp_path / "pid")
    for worker in toy.workers():
        if kind == "place" or worker != working:
            os.kill(worker, signal.SIGKILL)
    out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, out) == (0, "alone\n")
    assert err == "the worker died; this shard is timed without it\n"
    until(lambda: is_gone(working))
    assert toy.run(kind, "tell").stdout.split()[1] == "1"


def test_another_environment_is_another_worker_s_and_the_old_one_ends(toy):
    toy.run("child", "tell")
    (before,) = toy.workers()
    told = toy.run("child", "tell", TOY="new").stdout.split()
    assert (told[1], told[3]) == ("1", "new")
    until(lambda: is_gone(before))
    assert len(toy.workers()) == 1


def test_it_ends_when_nobody_asks_any_more(toy):
    toy.run("child", "tell", TOY_IDLE="0.3")
    until(lambda: not toy.workers())
    assert {path.suffix for path in toy.folder.iterdir()} == {".log", ".lock"}


def test_it_ends_with_its_owner(toy):
    owner = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    toy.run("child", "tell", C2C_TIMING_WORKER_OWNER=str(owner.pid))
    (worker,) = toy.workers()
    owner.communicate(b"\n")
    until(lambda: is_gone(worker))


def test_two_commands_at_once_start_one_worker_and_follow_each_other(toy):
    processes = [toy.start("place", "tell") for _ in range(4)]
    told = [process.communicate(timeout=PATIENCE)[0].split() for process in processes]
    assert sorted(words[1] for words in told) == ["1", "2", "3", "4"]
    assert len({words[0] for words in told}) == 1


def test_where_no_worker_can_be_the_command_works_alone(toy, tmp_path):
    toy.folder = tmp_path / "file" / "worker"
    toy.folder.parent.write_text("no folder")
    done = subprocess.run(
        [sys.executable, HERE / "toy_command.py", toy.folder, "child", "tell"],
        env=toy.environment, capture_output=True, text=True, check=False, timeout=PATIENCE,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "alone\n")
    assert done.stderr.endswith("this shard is timed without it\n")


def test_a_long_path_is_no_hindrance(tmp_path):
    folder = tmp_path / ("long" * 40) / "worker"
    folder.parent.mkdir()
    toy = Toy(folder)
    try:
        assert toy.run("child", "tell", cwd=tmp_path).returncode == 0
    finally:
        for worker in toy.workers():
            os.kill(worker, signal.SIGKILL)
