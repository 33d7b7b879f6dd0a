"""A shard that several fresh processes time: what is in its records, and what a kill leaves."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from folders import ROOT
from hypothesis import given
from hypothesis import strategies as st
from patience import PATIENCE
from warm_python import warm_python

from c2c_timing.analysis.merge import merge
from c2c_timing.cards.pair_card import load_pair_card
from c2c_timing.errors import UserError
from c2c_timing.settings import RunSettings
from c2c_timing.shard.files import ShardFiles
from c2c_timing.shard.journal import json_line
from c2c_timing.shard.processes import join, joined
from c2c_timing.shard.sample_loop import draw_order

COMMAND = ROOT / "workflow" / "scripts" / "comprehensive_timing_benchmark.py"
NUM_SAMPLES = 6
FLAGS = ["--dataset", "gsm8k", "--max_new_tokens", "2", "--processes", "2"]
WHOLE = ["--num_samples", str(NUM_SAMPLES), "--methods", "base", "c2c", "--resolution"]
ARMS = {"base", "c2c", "c2c_again"}
# Samples enough to send signals between them, and short ones.
NUM_SHORT = 120
SHORT = ["--source", "synthetic", "--prompt_tokens", "32", "--num_samples", str(NUM_SHORT),
         "--methods", "base"]  # fmt: skip


def command(folder, *flags, python=sys.executable):
    words = [python, COMMAND, *FLAGS, "--output_dir", folder / "out", *flags]
    return list(map(str, words))


def run(folder, *flags, **how):
    words = command(folder, *flags, **how)
    return subprocess.run(words, capture_output=True, text=True, timeout=PATIENCE, check=False)


def read(folder):
    files = folder / "out" / "tiny"
    lines = (files / "gsm8k_main_timing.jsonl").read_text().splitlines()
    told = json.loads((files / "gsm8k_main_run.json").read_text())
    return [json.loads(line) for line in lines], told


@pytest.fixture(scope="module")
def timed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("timed")
    # A worker is of no use to processes that are to be fresh.
    worker = ["--worker", folder / "worker"]
    done = run(folder, *WHOLE, *worker, python=warm_python().bin / "python")
    assert done.returncode == 0, done.stderr
    return folder, done.stderr


def test_each_process_times_everything_and_all_becomes_one_file(timed):
    folder, said = timed
    records, told = read(folder)
    assert Counter((r["process"], r["method"]) for r in records) == {
        (process, arm): NUM_SAMPLES for process in (1, 2) for arm in ARMS
    }
    files = [path for path in (folder / "out").rglob("*") if path.is_file()]
    assert sorted(path.name for path in files) == [
        "gsm8k_main_errors.jsonl", "gsm8k_main_run.json", "gsm8k_main_timing.jsonl"
    ]  # fmt: skip
    assert not (folder / "worker").exists()
    assert told["counts"]["records"] == len(records) == len(ARMS) * NUM_SAMPLES * 2
    assert told["counts"]["samples"] == NUM_SAMPLES
    assert {row["method"]: row["records"] for row in told["medians"]}["c2c"] == 2 * NUM_SAMPLES
    assert f"gsm8k/main: {len(records)} records, 0 errors" in said


def test_processes_are_fresh_and_the_second_has_every_order_reversed(timed):
    records, told = read(timed[0])
    numbers = {attempt["process"] for attempt in told["attempts"]}
    assert len(numbers) == 2 and os.getpid() not in numbers
    assert [each["process"] for each in told["processes"]] == [1, 2]
    assert [each["is_warm"] for each in told["processes"]] == [False, False]
    turns = {}
    for record in records:
        turns.setdefault((record["id"], record["process"]), []).append(record["method"])
    for (sample, process), order in turns.items():
        assert process == 1 or order == turns[sample, 1][::-1]
    # What was warmed up first in the one came last in the other.
    first, second = (list(each["cold_requests_by_runtime"]["eager"]) for each in told["processes"])
    assert first == second[::-1]


def test_the_merge_finds_no_copies_and_moves_no_repeats(timed, capsys):
    table, errors = merge([timed[0] / "out" / "tiny" / "gsm8k_main_timing.jsonl"])
    assert capsys.readouterr().err == ""
    assert len(table) == 2 * 2 * NUM_SAMPLES  # second arms are left out
    assert set(table["repeat"]) == {1} and set(table["process"]) == {1, 2}
    assert errors.empty


def send_when(folder, is_time, number):
    """Send a signal to the command once its journals are far enough; its exit code and words."""
    child = subprocess.Popen(command(folder, *SHORT), stderr=subprocess.PIPE, text=True)
    until = time.monotonic() + PATIENCE
    while not is_time(folder / "out" / "tiny" / "journal"):
        assert child.poll() is None and time.monotonic() < until, child.communicate()[1]
        time.sleep(0.001)
    child.send_signal(number)
    _, said = child.communicate(timeout=PATIENCE)
    return child.returncode, said


def samples_of(journals, process):
    journal = journals / f"gsm8k_main.process-{process}.journal"
    return journal.read_bytes().count(b'"records"') if journal.is_file() else 0


@pytest.fixture(scope="module")
def stopped(tmp_path_factory):
    """A command killed in its second process, asked to end in its second try, finished in the third."""
    folder = tmp_path_factory.mktemp("stopped")
    journals = folder / "out" / "tiny" / "journal"
    counts, refused = [], []

    def has_more(at):
        if samples_of(at, 1) and not refused:
            refused.append(run(folder, *SHORT))
        return samples_of(at, 2) > sum(counts[-1:])

    ended = []
    for number in (signal.SIGKILL, signal.SIGTERM):
        code, said = send_when(folder, has_more, number)
        counts.append(samples_of(journals, 2))
        first = (journals / "gsm8k_main.process-1.records").read_text().splitlines()
        ended.append((code, said, first))
    done = run(folder, *SHORT, python=warm_python().bin / "python")
    return folder, refused, ended, counts, done


def test_a_killed_shard_goes_on_with_what_its_processes_finished(stopped):
    folder, _, ended, counts, done = stopped
    assert [code for code, *_ in ended] == [-signal.SIGKILL, 128 + signal.SIGTERM]
    # The process of a killed command ended with it: nobody holds its journal any more.
    assert done.returncode == 0, done.stderr
    assert 0 < counts[0] < counts[1] < NUM_SHORT
    records, told = read(folder)
    for _, said, first in ended:
        assert [json.loads(line) for line in first] == [r for r in records if r["process"] == 1]
        assert "Traceback" not in said
    assert "process 1 of 2: is finished already" in done.stderr
    keys = Counter((r["id"], r["process"], r["repeat"]) for r in records)
    assert len(keys) == len(records) == NUM_SHORT * 2
    assert [each["counts"]["taken_over"] for each in told["processes"]] == [0, counts[1]]
    attempts = Counter(r["attempt"] for r in records if r["process"] == 2)
    assert attempts == {1: counts[0], 2: counts[1] - counts[0], 3: NUM_SHORT - counts[1]}
    assert not (folder / "out" / "tiny" / "journal").exists()
    assert "Traceback" not in done.stderr


def test_two_commands_do_not_time_the_same_shard(stopped):
    (second,) = stopped[1]
    assert second.returncode == 1
    assert "another process is timing this shard" in second.stderr


def test_the_number_of_a_process_is_one_of_them(tmp_path):
    done = run(tmp_path, "--process", "3")
    assert done.returncode == 1
    assert "--process 3: there are 2" in done.stderr


def parts_of(folder, *changes):
    """Files of a shard whose processes have finished, each with changes of its run."""
    files = ShardFiles.of_shard(folder, "gsm8k", "main")
    failure = {"id": "x", "method": "c2c", "stage": "request", "message": "m"}
    for number, change in enumerate(changes, 1):
        seconds = {"requests": 1.0, "total": 2.0}
        told = {
            "process": number, "fingerprint": {"rows": "a", "process": str(number)}, "attempts": [],
            "started_at": str(number), "finished_at": str(number), "looks": [],
            "counts": {"samples": 3, "records": 0, "errors": 1}, "wall_seconds": seconds,
            "watch": {"readings": 1, "throttled": number == 2, "reasons": ["heat"] * (number == 2),
                      "load_1m": {"max": number}},
        }  # fmt: skip
        part = files.of_process(number)
        part.write([], [json_line(failure | {"process": number})], told | change, "kept")
    return files


def test_what_fails_in_every_process_is_one_failure_and_the_worst_watch_counts(tmp_path):
    files = parts_of(tmp_path, {}, {})
    told = join(files, 2)
    assert len(files.errors.read_text().splitlines()) == told["counts"]["errors"] == 1
    assert told["watch"] == {
        "readings": 2, "throttled": True, "reasons": ["heat"], "load_1m": {"max": 2}
    }  # fmt: skip
    assert told["wall_seconds"] == {"requests": 2.0, "total": 4.0}
    assert (told["started_at"], told["finished_at"]) == ("1", "2")
    assert told["fingerprint"] == {"rows": "a"} and "process" not in told


def test_processes_of_different_rows_are_not_joined(tmp_path):
    files = parts_of(tmp_path, {}, {"fingerprint": {"rows": "b", "process": "2"}})
    with pytest.raises(UserError, match="rows changed between two processes"):
        join(files, 2)
    assert not files.timing.exists()
    assert join(files, 2) is None  # the second has to be timed again


@given(st.integers(1, 40), st.integers(1, 9), st.integers(0, 5), st.integers(1, 4))
def test_every_second_process_has_the_reversed_order_of_the_one_before(process, repeat, seed, size):
    methods = ("base", "teacher", "t2t", "c2c")[:size]
    settings = RunSettings(load_pair_card("tiny"), methods=methods, seed=seed, resolution=True)
    where = {"dataset": "d", "subject": "s", "id": "x"}
    odd = 2 * process - 1
    order = draw_order(settings, where, repeat, odd)
    assert draw_order(settings, where, repeat, odd + 1) == order[::-1]
    assert len(set(order)) == len(order) == len(methods) + 1


def test_the_run_of_one_process_is_told_as_it_was(tmp_path):
    files = parts_of(tmp_path, {})
    told = json.loads(Path(files.of_process(1).run).read_text())
    same = {name: value for name, value in told.items() if name not in ("process", "fingerprint")}
    assert {name: joined([told])[name] for name in same} == same
