"""The audit of a shard comes after its records, and can take nothing from them."""

from __future__ import annotations

import json

import pytest

import comprehensive_timing_benchmark as command
from c2c_timing.probes.audit import launches

METHODS = ("c2c", "base", "t2t")


@pytest.fixture
def shard(tmp_path):
    rows = tmp_path / "rows.jsonl"

    def run(*flags, lines=({"question": "How much is 2 + 2?"}, {"question": "And 3 + 3?"})):
        rows.write_text("".join(json.dumps(line) + "\n" for line in lines))
        code = command.main(
            ["--dataset", "gsm8k", "--source", "local", "--data_path", str(rows),
             "--output_dir", str(tmp_path), "--device", "cpu",
             "--max_new_tokens", "2", "--message_max_tokens", "2", "--methods", *METHODS, *flags]
        )  # fmt: skip
        assert code == 0
        folder = tmp_path / "tiny"
        records = (folder / "gsm8k_main_timing.jsonl").read_text().splitlines()
        return json.loads((folder / "gsm8k_main_run.json").read_text()), records

    return run


def test_every_method_of_one_sample_is_audited(shard):
    run, records = shard("--audit")
    assert len(records) == 6
    audit = run["audit"]
    assert audit["id"] == json.loads(records[0])["id"]
    assert set(audit["methods"]) == set(METHODS)
    for found in audit["methods"].values():
        assert set(found) == {"launches", "memory", "energy"}
        assert found["energy"] is None  # no NVIDIA device
        assert set(found["memory"]["stage_peak_bytes"]) < set(found["launches"])
    assert "teacher_decode" in audit["methods"]["t2t"]["launches"]
    assert audit["methods_by_runtime"] == {"eager": audit["methods"]}
    assert run["wall_seconds"]["audit"] > 0


def test_nobody_audits_unasked(shard):
    run, _ = shard()
    assert run["audit"] is None
    assert run["wall_seconds"]["audit"] == 0


def test_trouble_in_the_audit_is_written_down_and_loses_nothing(shard, monkeypatch, capsys):
    whole = launches.audit_launches

    def fails(session, trial):
        if trial.method == "base":
            raise RuntimeError("the profiler\nis busy")
        return whole(session, trial)

    monkeypatch.setattr(launches, "audit_launches", fails)
    run, records = shard("--audit")
    assert len(records) == 6
    methods = run["audit"]["methods"]
    assert set(methods["base"]) == {"memory", "energy", "problem"}
    assert methods["base"]["problem"] == "launches: RuntimeError: the profiler is busy"
    assert "problem" not in methods["c2c"]
    assert "launches" in methods["t2t"]
    assert (
        "the audit of base (eager) failed in launches: RuntimeError: the" in capsys.readouterr().err
    )


class AcceleratorError(RuntimeError):
    """As torch calls it; a CUDA context is lost with it."""


def test_a_device_that_breaks_in_the_audit_takes_no_record_with_it(shard, monkeypatch):
    def breaks(session, trial):
        def is_lost(*_):
            raise AcceleratorError("an illegal memory access")

        monkeypatch.setattr(type(session), "release_memory", is_lost)
        monkeypatch.setattr(type(session), "answer", is_lost)
        raise RuntimeError("CUBLAS_STATUS_EXECUTION_FAILED")

    monkeypatch.setattr(launches, "audit_launches", breaks)
    run, records = shard("--audit")
    assert len(records) == 6
    methods = run["audit"]["methods"]
    assert methods["c2c"]["problem"].endswith("CUBLAS_STATUS_EXECUTION_FAILED")
    for method in ("base", "t2t"):
        assert methods[method]["problem"] == "not finished: the device failed in launches"
        assert "memory" in methods[method]


def test_the_first_sample_that_can_be_read_is_audited(shard):
    run, records = shard("--audit", lines=({"question": None}, {"question": "And 3 + 3?"}))
    assert len(records) == 3
    assert run["audit"]["id"] == json.loads(records[0])["id"]
