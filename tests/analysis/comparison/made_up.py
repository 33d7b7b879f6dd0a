"""Results folders with known changes, from runs that ``benchmarks/verdicts.py`` makes up."""

from __future__ import annotations

import importlib.util
import json

from analysis.invented import invent, write
from folders import ROOT

_SPEC = importlib.util.spec_from_file_location("verdicts", ROOT / "benchmarks" / "verdicts.py")
verdicts = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(verdicts)

STAGES = ("base_embedding_ms", "base_prefill_ms", "teacher_embedding_ms", "teacher_prefill_ms",
          "projector_total_ms", "decode_total_ms")  # fmt: skip


def record(number, dataset, longer=1.0, **changes):
    """A record of C2C whose total is the sum of its stages, all of them ``longer``."""
    found = invent(number, dataset=dataset, started_at=f"2026-01-01T00:00:{number:02}", **changes)
    timing = found["timing"]
    for key in STAGES:
        timing[key] *= longer
    timing["total_time_ms"] = sum(timing[key] for key in STAGES)
    return found


def folder(path, samples=8, run=None, change=None, datasets=("gsm8k", "mmlu"), **settings):
    """A results folder of some data sets, merged by nobody yet; ``change`` is done to every record."""
    shards = path / "timings" / "tiny"
    shards.mkdir(parents=True)
    for dataset in datasets:
        records = [record(n, dataset) for n in range(samples)]
        for each in records:
            (change or (lambda _: None))(each)
        write(shards, records, name=f"{dataset}_main")
        told = {
            "pair": "tiny", "dataset": dataset, "subject": "main", "threads": 1,
            "model_config": records[0]["model_config"], "versions": {"torch": "2.13.0"},
            "models": [{"model": "b", "config_sha256": "ab" * 32}],
            "settings": {"max_new_tokens": 32, "methods": ["c2c"], "source": {"kind": "builtin"}},
        }  # fmt: skip
        told["settings"] |= settings
        (shards / f"{dataset}_main_run.json").write_text(json.dumps(told | (run or {})))
    return path
