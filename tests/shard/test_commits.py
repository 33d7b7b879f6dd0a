"""A repository on the Hub that moves: which commit was loaded is known, and no shard mixes two."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path

import pytest
from folders import ROOT
from forks import command
from standin_hub import StandInHub, repositories
from standin_hub.stored import commit_of
from standin_hub.tiny_model import tiny_model, tiny_tokenizer

SCRIPT = ROOT / "workflow" / "scripts" / "comprehensive_timing_benchmark.py"
MODEL = "somebody/moving"
# Short prompts: such a pair's fuser has the size of the published ones.
FLAGS = ["--dataset", "gsm8k", "--source", "synthetic", "--max_new_tokens", "2", "--device", "cpu",
         "--base_model", MODEL, "--teacher_model", MODEL, "--output_dir", "out"]  # fmt: skip
ONE = ["--prompt_tokens", "64"]
MANY = ["--prompt_tokens", *map(str, range(64, 76)), "--repeats", "2"]


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


def begun(hub, folder, *more, **environment):
    return command(
        SCRIPT,
        *FLAGS,
        *more,
        cwd=folder,
        environment=hub.environment(folder / "home", **environment),
    )


def time_shard(*arguments, **environment):
    """The exit code, and what it says."""
    shard = begun(*arguments, **environment)
    _, said = shard.communicate()
    return shard.returncode, said


def made_in(folder):
    (records,) = folder.glob("out/*/*_timing.jsonl")
    (run,) = folder.glob("out/*/*_run.json")
    return [json.loads(line) for line in records.open()], json.loads(run.read_text())


def test_records_and_passport_hold_the_commit_that_was_loaded(hub, tmp_path):
    code, said = time_shard(hub, tmp_path, *ONE)
    assert code == 0, said
    (record,), run = made_in(tmp_path)
    assert record["model_config"]["base_commit"] == commit("main")
    assert record["model_config"]["teacher_commit"] == commit("main")
    assert record["model_config"]["fuser_commit"] is None
    assert [model["revision"] for model in run["models"]] == [commit("main")] * 2

    repositories.move_main(hub.root, "models", MODEL, "next")
    code, said = time_shard(hub, tmp_path, *ONE, HF_HUB_OFFLINE="1")
    assert code == 0, said
    (same,), _ = made_in(tmp_path)
    assert same["model_config"] == record["model_config"]

    code, said = time_shard(hub, tmp_path, *ONE)
    assert code == 0, said
    (other,), run = made_in(tmp_path)
    assert other["model_config"]["base_commit"] == commit("next")
    assert [model["revision"] for model in run["models"]] == [commit("next")] * 2
    asked = [r.path.split("/resolve/")[1] for r in hub.requests if "/resolve/" in r.path]
    whole = {path for path in asked if path.endswith((".safetensors", "/config.json"))}
    assert whole == {f"{commit(revision)}/{name}" for revision in ("main", "next")
                     for name in ("config.json", "model.safetensors")}  # fmt: skip


def test_a_shard_that_resumes_after_its_repository_moved_starts_anew(hub, tmp_path):
    first = begun(hub, tmp_path, *MANY)
    while first.poll() is None:
        journals = list(tmp_path.glob("out/*/journal/*.journal"))
        if journals and journals[0].read_bytes().count(b'"records"') >= 2:
            first.send_signal(signal.SIGTERM)
            break
        time.sleep(0.02)
    first.communicate()
    assert list(tmp_path.glob("out/*/journal/*.journal"))

    repositories.move_main(hub.root, "models", MODEL, "next")
    code, said = time_shard(hub, tmp_path, *MANY)
    assert code == 0, said
    assert "is of another run (other weights): starting anew" in said
    records, run = made_in(tmp_path)
    assert {record["model_config"]["base_commit"] for record in records} == {commit("next")}
    assert run["counts"]["taken_over"] == 0


def test_a_commit_that_nobody_can_tell_is_one_line(hub, tmp_path):
    code, said = time_shard(hub, tmp_path, *ONE, HF_HUB_OFFLINE="1")
    assert code == 1
    (line,) = [line for line in said.splitlines() if MODEL in line]
    assert "cannot be loaded" in line
    assert "Traceback" not in said


def test_a_folder_in_a_model_s_place_is_no_commit_of_the_hub(hub, tmp_path, monkeypatch):
    from c2c_timing.cards.pair_card import FuserSpec, ModelSpec, PairCard
    from c2c_timing.engine.hub import at_commits, commit_of

    monkeypatch.chdir(tmp_path)
    Path(MODEL).mkdir(parents=True)
    spec = ModelSpec(MODEL, "hub", revision="v1")
    card = at_commits(PairCard("p", spec, (spec,), (FuserSpec("dummy"),)))
    assert (card.base.weights, commit_of(card.base)) == ("local", None)
