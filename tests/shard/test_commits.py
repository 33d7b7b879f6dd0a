"""A repository on the Hub that moves: which commit was loaded is known, and no shard mixes two."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from folders import ROOT
from standin_hub import StandInHub, repositories
from standin_hub.stored import commit_of
from standin_hub.tiny_model import tiny_model, tiny_tokenizer

SCRIPT = ROOT / "workflow" / "scripts" / "comprehensive_timing_benchmark.py"
MODEL = "somebody/moving"
# Short prompts: such a pair's fuser has the size of the published ones.
FLAGS = ["--dataset", "gsm8k", "--source", "synthetic", "--max_new_tokens", "2", "--device", "cpu",
         "--base_model", MODEL, "--teacher_model", MODEL, "--output_dir", "out"]  # fmt: skip
ONE = ["--prompt_tokens", "64"]
MANY = ["--prompt_tokens", *map(str, range(64, 76)), "--repeats", "4"]


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    root = tmp_path_factory.mktemp("hub") / "root"
    for revision, seed in (("main", 0), ("next", 1)):
        repositories.write_model(root, MODEL, tiny_model(seed), tiny_tokenizer(), revision)
    with StandInHub(root) as opened:
        yield opened


@pytest.fixture(autouse=True)
def at_first(hub):
    repositories.move_main(hub.root, "models", MODEL, "main")


def commit(revision):
    return commit_of("models", MODEL, revision)


def time_shard(hub, folder, *more, **environment):
    return subprocess.run(
        [sys.executable, SCRIPT, *FLAGS, *more], cwd=folder, capture_output=True, text=True,
        env=hub.environment(folder / "home", OMP_NUM_THREADS="1", **environment), check=False,
    )  # fmt: skip


def made_in(folder):
    (records,) = folder.glob("out/*/*_timing.jsonl")
    (run,) = folder.glob("out/*/*_run.json")
    return [json.loads(line) for line in records.open()], json.loads(run.read_text())


def test_records_and_passport_hold_the_commit_that_was_loaded(hub, tmp_path):
    first = time_shard(hub, tmp_path, *ONE)
    assert first.returncode == 0, first.stderr
    (record,), run = made_in(tmp_path)
    assert record["model_config"]["base_commit"] == commit("main")
    assert record["model_config"]["teacher_commit"] == commit("main")
    assert record["model_config"]["fuser_commit"] is None
    assert [model["revision"] for model in run["models"]] == [commit("main")] * 2

    repositories.move_main(hub.root, "models", MODEL, "next")
    offline = time_shard(hub, tmp_path, *ONE, HF_HUB_OFFLINE="1")
    assert offline.returncode == 0, offline.stderr
    (same,), _ = made_in(tmp_path)
    assert same["model_config"] == record["model_config"]

    moved = time_shard(hub, tmp_path, *ONE)
    assert moved.returncode == 0, moved.stderr
    (other,), run = made_in(tmp_path)
    assert other["model_config"]["base_commit"] == commit("next")
    assert [model["revision"] for model in run["models"]] == [commit("next")] * 2
    asked = [r.path.split("/resolve/")[1] for r in hub.requests if "/resolve/" in r.path]
    whole = {path for path in asked if path.endswith((".safetensors", "/config.json"))}
    assert whole == {f"{commit(revision)}/{name}" for revision in ("main", "next")
                     for name in ("config.json", "model.safetensors")}  # fmt: skip


def test_a_shard_that_resumes_after_its_repository_moved_starts_anew(hub, tmp_path):
    words = [sys.executable, str(SCRIPT), *FLAGS, *MANY]
    environment = hub.environment(tmp_path / "home", OMP_NUM_THREADS="1")
    begun = subprocess.Popen(words, cwd=tmp_path, env=environment, stderr=subprocess.DEVNULL)
    while begun.poll() is None:
        journals = list(tmp_path.glob("out/*/journal/*.journal"))
        if journals and journals[0].read_bytes().count(b'"records"') >= 2:
            os.kill(begun.pid, signal.SIGTERM)
            break
        time.sleep(0.02)
    begun.wait()
    assert list(tmp_path.glob("out/*/journal/*.journal"))

    repositories.move_main(hub.root, "models", MODEL, "next")
    done = subprocess.run(
        words, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "is of another run (other weights): starting anew" in done.stderr
    records, run = made_in(tmp_path)
    assert {record["model_config"]["base_commit"] for record in records} == {commit("next")}
    assert run["counts"]["taken_over"] == 0


def test_a_commit_that_nobody_can_tell_is_one_line(hub, tmp_path):
    done = time_shard(hub, tmp_path, *ONE, HF_HUB_OFFLINE="1")
    assert done.returncode == 1
    (line,) = [line for line in done.stderr.splitlines() if MODEL in line]
    assert "cannot be loaded" in line
    assert "Traceback" not in done.stderr


def test_a_folder_in_a_model_s_place_is_no_commit_of_the_hub(hub, tmp_path, monkeypatch):
    from c2c_timing.cards.pair_card import FuserSpec, ModelSpec, PairCard
    from c2c_timing.engine.hub import at_commits, commit_of

    monkeypatch.chdir(tmp_path)
    Path(MODEL).mkdir(parents=True)
    spec = ModelSpec(MODEL, "hub", revision="v1")
    card = at_commits(PairCard("p", spec, (spec,), (FuserSpec("dummy"),)))
    assert (card.base.weights, commit_of(card.base)) == ("local", None)
