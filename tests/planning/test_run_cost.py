"""The last line of a run says what it took beside its requests."""

from __future__ import annotations

import json
import os
import time

from c2c_timing.planning.run_cost import RunCost


def write(path, requests, warm_up):
    path.write_text(json.dumps({"wall_seconds": {"requests": requests, "warm_up": warm_up}}))
    return path


def test_only_shards_of_this_run_count(tmp_path, monkeypatch):
    old = write(tmp_path / "old_run.json", 1000, 1000)
    os.utime(old, (time.time() - 60, time.time() - 60))
    cost = RunCost()
    new = [write(tmp_path / f"{n}_run.json", 30, 10) for n in range(2)]
    later = time.time() + 160
    monkeypatch.setattr(time, "time", lambda: later)
    (line,) = cost.lines([old, *new, tmp_path / "missing_run.json"])
    assert (
        line == "time: 2 min 40 s for 2 shards: 2.00 times the 80 s of their requests and warm-ups"
    )


def test_a_run_without_a_new_shard_has_no_such_line(tmp_path):
    cost = RunCost()
    (tmp_path / "broken_run.json").write_text("{")
    assert cost.lines([tmp_path / "broken_run.json"]) == []
    assert cost.lines([]) == []


def test_shards_that_are_there_and_those_of_this_run(tmp_path):
    old, new = tmp_path / "old.jsonl", tmp_path / "new.jsonl"
    old.touch()
    os.utime(old, (time.time() - 60, time.time() - 60))
    cost = RunCost()
    shards = [old, new, tmp_path / "missing.jsonl"]
    assert cost.shards_line(shards) == "shards: 1 of 3 are there, none timed by this run"
    new.touch()
    os.utime(new, (time.time() + 1, time.time() + 1))
    assert cost.shards_line(shards) == "shards: 2 of 3 are there, 1 timed by this run"
