"""The timing command with its worker: the same shards, without the start-up."""

from __future__ import annotations

import json
import os
import signal
import sys

import pytest
from folders import SCRIPTS
from patience import PATIENCE
from worker.test_worker import Toy, begun, is_gone, until

import timing_worker

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="there is no worker elsewhere")
FLAGS = ["--num_samples", "2", "--max_new_tokens", "3"]


def start(tmp_path, *words, **environment):
    command = [SCRIPTS / "comprehensive_timing_benchmark.py", *words, *FLAGS]
    return begun(command, tmp_path, **environment)


def run(tmp_path, *words, **environment):
    process = start(tmp_path, *words, **environment)
    _, err = process.communicate(timeout=PATIENCE)
    return process.returncode, err


@pytest.fixture
def folder(tmp_path):
    toy = Toy(tmp_path / "worker")
    yield toy
    for worker in toy.workers():
        os.kill(worker, signal.SIGKILL)


def shard(folder):
    timing, run = (
        (folder / "tiny" / f"gsm8k_main_{kind}").read_text()
        for kind in ("timing.jsonl", "run.json")
    )
    return [json.loads(line) for line in timing.splitlines()], json.loads(run)


def stable(record):
    """Without what differs from request to request."""
    aside = ("timing", "started_at", "residual_flag", "peak_memory_bytes")
    counts = {key: n for key, n in record["timing"].items() if key.startswith("num_")}
    kept = {k: v for k, v in record.items() if k not in aside and not k.endswith("step_times_ms")}
    return kept | counts


def test_a_shard_is_the_same_with_and_without_a_worker(tmp_path, folder):
    work = ["--dataset", "gsm8k", "--methods", "base", "c2c", "t2t", "--message_max_tokens", "3"]
    assert run(tmp_path, *work, "--output_dir", "alone")[0] == 0
    for name in ("cold", "warm"):
        code, told = run(
            tmp_path, *work, "--output_dir", name, "--worker", "worker", OMP_NUM_THREADS="2"
        )
        assert code == 0 and "gsm8k/main: 6 records, 0 errors" in told
    (alone, run_alone), (_, run_cold), (warm, run_warm) = map(
        shard, (tmp_path / "alone", tmp_path / "cold", tmp_path / "warm")
    )
    is_warm = [run["is_warm"] for run in (run_alone, run_cold, run_warm)]
    assert is_warm == [False, False, True]
    assert run_cold["wall_seconds"]["loading"] > run_warm["wall_seconds"]["loading"]
    assert run_warm["threads"] == warm[0]["model_config"]["threads"] == 2
    for mine, theirs in zip(warm, alone, strict=True):
        mine["model_config"]["threads"] = theirs["model_config"]["threads"]
        assert stable(mine) == stable(theirs)
    aside = ("device", "code")  # another number of threads
    assert {k: v for k, v in run_warm["fingerprint"].items() if k not in aside} == {
        k: v for k, v in run_alone["fingerprint"].items() if k not in aside
    }
    assert run_warm["fingerprint"]["code"] == run_alone["fingerprint"]["code"]
    peaks = [record["peak_memory_bytes"] for record in (warm[0], alone[0])]
    assert peaks[0] == pytest.approx(peaks[1], rel=0.3)


def test_a_mistake_is_told_by_the_command(tmp_path, folder):
    work = ["--dataset", "gsm8k", "--device", "cuda:99", "--worker", "worker"]
    code, told = run(tmp_path, *work)
    assert code == 1
    assert told.startswith("error: device 'cuda:99' is not there")
    assert len(told.splitlines()) == 1


def test_a_shard_whose_worker_is_killed_is_finished_all_the_same(tmp_path, folder):
    work = ["--dataset", "gsm8k", "--repeats", "40", "--output_dir", "out", "--worker", "worker"]
    process = start(tmp_path, *work)
    journal = tmp_path / "out" / "tiny" / "journal"
    until(lambda: any(b'"records"' in p.read_bytes() for p in journal.glob("*.journal")))
    workers = folder.workers()
    for worker in workers:
        os.kill(worker, signal.SIGKILL)
    _, told = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, told
    assert "the worker died; this shard is timed without it" in told
    records, facts = shard(tmp_path / "out")
    assert len(records) == 80
    assert len({(r["id"], r["repeat"]) for r in records}) == 80
    assert len(facts["attempts"]) == 2
    assert all(is_gone(worker) for worker in workers)


def test_shards_follow_each_other_in_one_process_where_it_cannot_be_divided(tmp_path):
    shards, output = timing_worker.Shards(), tmp_path / "out"
    for subject in ("virology", "anatomy"):
        job = shards.begin(
            ["--dataset", "mmlu", "--subject", subject, "--output_dir", str(output), *FLAGS]
        )
        assert job.in_child
        assert job.run() == 0
    kept = shards._keeper._loaded
    facts = [
        json.loads((output / "tiny" / f"mmlu_{subject}_run.json").read_text())
        for subject in ("virology", "anatomy")
    ]
    assert [run["is_warm"] for run in facts] == [False, True]
    follow = [run["cold_requests_follow"]["eager"] for run in facts]
    assert follow == ["loading", "another shard"]
    other = ["--dataset", "gsm8k", "--output_dir", str(output), *FLAGS, "--seed", "1"]
    assert shards.begin(other).run() == 0
    assert shards._keeper._loaded is not kept
