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
