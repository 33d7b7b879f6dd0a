"""The passport and the watch in a shard's run file."""

from __future__ import annotations

import json
import subprocess

import pynvml
import pytest

import comprehensive_timing_benchmark as command
from c2c_timing.cards.pair_card import FuserSpec
from c2c_timing.meters import nvml as nvml_device
from c2c_timing.meters.machine import MachineLog
from c2c_timing.shard import passport


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shard")
    code = command.main(
        ["--dataset", "gsm8k", "--num_samples", "2", "--max_new_tokens", "2", "--device", "cpu",
         "--seed", "7", "--output_dir", str(folder)]
    )  # fmt: skip
    assert code == 0
    return json.loads((folder / "tiny" / "gsm8k_main_run.json").read_text())


def test_the_passport_of_a_shard(run):
    assert {"python", "torch", "transformers", "tokenizers", "cuda", "driver"} == set(
        run["versions"]
    )
    assert run["versions"]["driver"] is None
    assert run["device"] == {"name": "cpu"}
    assert run["cpu"]["logical_cores"] > 0
    assert [model["model"] for model in run["models"]] == ["tiny-base", "tiny-teacher"]
    assert {model["revision"] for model in run["models"]} == {None}
    hashes = [model["config_sha256"] for model in run["models"]] + [run["fusers"][0]["sha256"]]
    assert len(set(hashes)) == 3
    assert all(len(value) == 64 for value in hashes)
    assert (run["weights"], run["seed"], run["settings"]["seed"]) == ("dummy", 7, 7)
    assert run["started_at"] <= run["finished_at"]


def test_the_watch_of_a_shard(run):
    watch = run["watch"]
    assert watch["readings"] == 3  # before every sample, and after the last
    load = watch["load_1m"]
    assert load["min"] <= load["first"] <= load["max"]
    assert watch["throttled"] == bool(watch["reasons"])
    assert "sm_clock_mhz" not in watch


def test_cpu_throttling_is_seen_only_if_it_happens_while_watched(tmp_path):
    counter = tmp_path / "cpu0" / "thermal_throttle" / "core_throttle_count"
    counter.parent.mkdir(parents=True)
    counter.write_text("5\n")
    watch = MachineLog(cores=tmp_path)
    watch.read()
    assert not watch.as_plain()["throttled"]
    counter.write_text("6\n")
    assert watch.as_plain()["reasons"] == ["thermal (CPU)"]


def test_gpu_readings(monkeypatch):
    temperatures = iter([50, 80, 70])
    reasons = iter([0, pynvml.nvmlClocksEventReasonSwPowerCap,
                    pynvml.nvmlClocksEventReasonHwThermalSlowdown])  # fmt: skip
    monkeypatch.setattr(pynvml, "nvmlDeviceGetTemperature", lambda *_: next(temperatures))
    monkeypatch.setattr(pynvml, "nvmlDeviceGetCurrentClocksEventReasons", lambda *_: next(reasons))
    watch = MachineLog(gpu="a handle that NVML does not know")
    for _ in range(2):
        watch.read()
    assert not watch.as_plain()["throttled"]
    assert watch.as_plain()["power_capped"]
    watch.read()
    plain = watch.as_plain()
    assert plain["temperature_celsius"] == {"first": 50, "last": 70, "min": 50, "max": 80}
    assert (plain["throttled"], plain["reasons"]) == (True, ["thermal (hardware)"])
    assert plain["sm_clock_mhz"] is None


def test_a_machine_without_nvml_has_nulls():
    if nvml_device.find_device("00000000-0000-0000-0000-000000000000") is None:
        assert set(nvml_device.describe(None).values()) == {None}


def test_git_outside_a_repository_and_in_a_changed_one(tmp_path):
    assert passport.describe_git(tmp_path) is None
    git = ["git", "-C", str(tmp_path), "-c", "user.name=n", "-c", "user.email=e"]
    for words in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "first"]):
        subprocess.run([*git, *words], check=True)
    assert passport.describe_git(tmp_path)["is_clean"]
    (tmp_path / "a").write_text("a")
    subprocess.run([*git, "add", "a"], check=True)
    found = passport.describe_git(tmp_path)
    assert not found["is_clean"]
    assert len(found["commit"]) == 40


def test_hashes_follow_contents_and_names_not_places(tmp_path):
    folders = [tmp_path / name for name in "abc"]
    for folder, text in zip(folders, ("x", "x", "y"), strict=True):
        folder.mkdir()
        (folder / "projector_0.pt").write_text(text)
    first, same, other = (passport.hash_files(folder.iterdir()) for folder in folders)
    assert first == same != other
    assert passport._fuser(FuserSpec("local", str(folders[0])))["sha256"] == first
    assert passport.hash_value({"a": 1, "b": 2}) == passport.hash_value({"b": 2, "a": 1})
