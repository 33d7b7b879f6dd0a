"""A published pair and a data set from the Hub, through the whole pipeline."""

from __future__ import annotations

import json

import pytest
import yaml
from pipeline_runs import copy_project, snakemake_in_processes_of_their_own

pytestmark = pytest.mark.pipeline


def test_a_published_pair_from_a_hub(tmp_path):
    """The published card, its fuser and a data set, all served by a stand-in Hub, unchanged."""
    import torch
    from standin_hub import StandInHub, repositories
    from standin_hub.tiny_model import tiny_model, tiny_tokenizer

    from c2c_timing.cards.dataset_card import load_dataset_card
    from c2c_timing.data.sources import SourceSpec, read_rows
    from c2c_timing.engine.cache import KVShape
    from c2c_timing.engine.fuser import dummy_fuser

    root = tmp_path / "hub"
    for number, name in enumerate(("Qwen/Qwen3-0.6B", "Qwen/Qwen2.5-0.5B-Instruct")):
        repositories.write_model(root, name, tiny_model(number), tiny_tokenizer())
    shapes = [KVShape(2, 16)] * 2
    fuser = dummy_fuser(shapes, shapes, "last_aligned", 8, 8, 3)
    checkpoint = tmp_path / "checkpoint"
    checkpoint.mkdir()
    sizes = {"source_dim": 16, "target_dim": 16, "source_num_heads": 2, "target_num_heads": 2,
             "hidden_dim": 8, "intermediate_dim": 8, "num_layers": 3}  # fmt: skip
    for layer, connection in enumerate(fuser.connections):
        torch.save(connection.projector.state_dict(), checkpoint / f"projector_{layer}.pt")
        description = {"class": "C2CProjector", "init_args": sizes}
        (checkpoint / f"projector_{layer}.json").write_text(json.dumps(description))
    mapping = {"0": {"1": {"0": [[0, 0]], "1": [[1, 1]]}}}
    (checkpoint / "projector_config.json").write_text(json.dumps(mapping))
    repositories.write_fuser(root, "qwen3_0.6b+qwen2.5_0.5b_Fuser", checkpoint)
    rows = read_rows(load_dataset_card("gsm8k"), "main", SourceSpec("builtin"))
    repositories.write_gsm8k(root, {"main": [row.values for row in rows]})

    project = copy_project(tmp_path / "project")
    config = {"pairs": ["qwen3-0.6b_qwen2.5-0.5b"], "datasets": ["gsm8k"], "source": "hub",
              "num_samples": 2, "max_new_tokens": 3, "max_prompt_tokens": 900,
              "self_test": False}  # fmt: skip
    (project / "hub.yaml").write_text(yaml.safe_dump(config))
    with StandInHub(root) as hub:
        environment = hub.environment(tmp_path / "home")
        code, text = snakemake_in_processes_of_their_own(
            project, "results/summary.tsv", configfile="hub.yaml", **environment
        )
        logs = "".join(path.read_text() for path in project.glob("results/logs/time_shard/*/*"))
        assert code == 0, text + logs
    path = project / "results/timings/qwen3-0.6b_qwen2.5-0.5b/gsm8k_main_timing.jsonl"
    records = [json.loads(line) for line in path.read_text().splitlines()]
    assert [record["model_config"]["weights"] for record in records] == ["real", "real"]
    assert records[0]["timing"]["projector_calls"] == 2
