"""The controls as methods of a shard."""

from __future__ import annotations

import json

import comprehensive_timing_benchmark as command

FLAGS = ["--dataset", "gsm8k", "--max_new_tokens", "4", "--device", "cpu", "--methods"]


def shard(tmp_path, *flags):
    code = command.main([*FLAGS, *flags, "--output_dir", str(tmp_path)])
    folder = tmp_path / "tiny"
    records, errors = (
        [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
        for path in (
            folder / "gsm8k_main_timing.jsonl",
            folder / "failed" / "gsm8k_main_errors.jsonl",
        )
    )
    return code, records, errors


def test_controls_beside_base_and_c2c(tmp_path):
    methods = ["base", "c2c", "c2c_closed", "c2c_shuffled"]
    code, records, errors = shard(tmp_path, *methods, "--num_samples", "3")
    assert (code, errors) == (0, [])
    by = {method: [r for r in records if r["method"] == method] for method in methods}
    assert {method: len(rows) for method, rows in by.items()} == dict.fromkeys(methods, 3)
    assert [r["response"] for r in by["c2c_closed"]] == [r["response"] for r in by["base"]]
    calls = {m: {r["timing"]["projector_calls"] for r in rows} for m, rows in by.items()}
    assert calls == {"base": {None}, "c2c": {4}, "c2c_closed": {0}, "c2c_shuffled": {4}}
    assert [r["sections"] for r in by["c2c_shuffled"]] == [r["sections"] for r in by["c2c"]]
    ids = [r["id"] for r in by["c2c"]]
    assert [r["teacher_sample_id"] for r in by["c2c_shuffled"]] == [ids[2], ids[0], ids[1]]
    assert not any("teacher_sample_id" in r for r in by["c2c"])
    for own, shuffled in zip(by["c2c"], by["c2c_shuffled"], strict=True):
        assert own["prompt"] == shuffled["prompt"]
        present = [{k for k, v in r["timing"].items() if v is not None} for r in (own, shuffled)]
        assert present[0] == present[1]


def test_a_sample_alone_fails_in_the_shuffled_control_only(tmp_path):
    code, records, errors = shard(tmp_path, "c2c_shuffled", "c2c", "--num_samples", "1")
    assert code == 0
    assert [record["method"] for record in records] == ["c2c"]
    assert [(e["method"], e["stage"]) for e in errors] == [("c2c_shuffled", "prompt")]
    assert "another readable sample" in errors[0]["message"]
