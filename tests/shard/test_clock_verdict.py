"""Shards are timed only where the clock passed its self-test."""

from __future__ import annotations

import json
import platform
from types import SimpleNamespace

import pytest

import comprehensive_timing_benchmark as command
from c2c_timing.errors import UserError
from c2c_timing.shard.clock_verdict import read_clock_verdict

PASSED = {"passed": True, "device": "cpu", "threads": 1, "node": "n7", "tested_at": "2026-01-01"}


@pytest.fixture
def report(tmp_path):
    path = tmp_path / "self_test.json"

    def write(**changes):
        path.write_text(json.dumps(PASSED | changes))
        return path

    return write


@pytest.fixture(autouse=True)
def here(monkeypatch):
    monkeypatch.setattr(platform, "node", lambda: "n7")


def on(device, threads=1, runtimes=("eager",)):
    return SimpleNamespace(
        model_config={"device": device, "threads": threads},
        settings=SimpleNamespace(runtimes=runtimes),
    )


def test_a_device_is_told_from_another(report, capsys):
    verdict = read_clock_verdict(report(stages=[]))
    assert verdict.seen_from(on("cpu")) == {
        "device": "cpu", "node": "n7", "tested_at": "2026-01-01", "is_this_device": True,
        "runtimes": ["eager"], "untested_runtimes": [],
    }  # fmt: skip
    assert capsys.readouterr().err == ""
    assert not verdict.seen_from(on("cpu", threads=2))["is_this_device"]
    assert not verdict.seen_from(on("NVIDIA H100"))["is_this_device"]
    assert "the clock was tested on cpu of n7 with 1 thread(s), not on" in capsys.readouterr().err


def test_another_node_is_another_device(report, monkeypatch):
    verdict = read_clock_verdict(report())
    monkeypatch.setattr(platform, "node", lambda: "n8")
    assert not verdict.seen_from(on("cpu"))["is_this_device"]


def test_a_runtime_that_was_not_tested_is_told(report, capsys):
    verdict = read_clock_verdict(report(runtimes=["eager", "fused"]))
    for runtimes in (("fused",), ("eager", "fused")):
        assert verdict.seen_from(on("cpu", runtimes=runtimes))["untested_runtimes"] == []
    assert capsys.readouterr().err == ""
    found = verdict.seen_from(on("cpu", runtimes=("fused", "compiled", "graphs")))
    assert found["is_this_device"]
    assert found["runtimes"] == ["eager", "fused"]
    assert found["untested_runtimes"] == ["compiled", "graphs"]
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith(
        "the clock was tested under eager, fused, not under compiled, graphs; test it: "
        "python workflow/scripts/self_test.py --runtimes fused compiled graphs"
    )


def test_a_file_that_tells_no_runtimes_tested_eager(report, capsys):
    verdict = read_clock_verdict(report())
    assert verdict.runtimes == ("eager",)
    assert verdict.seen_from(on("cpu", runtimes=("eager", "fused")))["untested_runtimes"] == [
        "fused"
    ]
    assert "not under fused" in capsys.readouterr().err


@pytest.mark.parametrize("runtimes", ["eager", None, 3, [3], {"eager": True}])
def test_runtimes_that_are_no_list_of_names_are_no_self_test(report, runtimes):
    with pytest.raises(UserError, match=r"is no self-test \(runtimes are no list of names\)"):
        read_clock_verdict(report(runtimes=runtimes))


def test_the_run_file_says_which_runtimes_were_not_tested(report, tmp_path, capsys):
    flags = ["--dataset", "gsm8k", "--num_samples", "1", "--max_new_tokens", "2", "--device", "cpu"]
    flags += ["--runtimes", "eager", "fused", "--output_dir", str(tmp_path / "out")]
    assert command.main([*flags, "--self_test", str(report())]) == 0
    run = json.loads((tmp_path / "out" / "tiny" / "gsm8k_main_run.json").read_text())
    assert run["self_test"]["runtimes"] == ["eager"]
    assert run["self_test"]["untested_runtimes"] == ["fused"]
    assert capsys.readouterr().err.count("not under fused") == 1


def test_a_clock_that_failed_times_nothing(report, tmp_path, capsys):
    flags = ["--dataset", "gsm8k", "--output_dir", str(tmp_path / "out"), "--self_test"]
    assert command.main([*flags, str(report(passed=False))]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "the clock failed its self-test on cpu; stop other work, then" in line
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", '{"passed": true}', "\\x00"])
def test_what_is_no_self_test_is_one_line(tmp_path, text):
    path = tmp_path / "self_test.json"
    with pytest.raises(UserError, match=r"self_test\.json: is no self-test"):
        read_clock_verdict(path)
    path.write_text(text)
    with pytest.raises(UserError, match=r"self_test\.json: is no self-test.*stop other work"):
        read_clock_verdict(path)
