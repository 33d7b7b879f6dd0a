from __future__ import annotations

from default_config import DEFAULT, with_, with_file
from folders import ROOT

from c2c_timing.planning.shards import PlannedShard, manifest, plan_shards, wanted_shards


def test_the_default_config_names_every_data_set():
    assert len({shard.dataset for shard in plan_shards(DEFAULT)}) == 9


def test_the_full_sweep_plans_every_subject():
    shards = plan_shards(with_file(ROOT / "configs" / "full_sweep.yaml"))
    assert len(shards) == len(set(shards)) == 57 + 57 + 21 + 14 + 2 + 1 + 1 + 1 + 1


def test_tables_wait_for_all_shards_unless_some_may_be_missing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shards = plan_shards(DEFAULT)
    assert wanted_shards(shards, DEFAULT) == shards
    path = tmp_path / shards[3].timing_file
    path.parent.mkdir(parents=True)
    path.touch()
    assert wanted_shards(shards, with_(allow_missing=True)) == [shards[3]]


def test_a_shard_is_named_alike_everywhere():
    shard = PlannedShard("tiny", "mmlu", "virology")
    assert shard.timing_file == "results/timings/tiny/mmlu_virology_timing.jsonl"
    assert shard.errors_file == "results/failed/tiny/mmlu_virology_errors.jsonl"
    assert shard.run_file == "results/timings/tiny/mmlu_virology_run.json"
    assert shard.log == "results/logs/time_shard/tiny/mmlu_virology.log"
    assert manifest([shard]) == "pair\tdataset\tsubject\ntiny\tmmlu\tvirology"
    pattern = PlannedShard("{pair}", "{dataset}", "{subject}").timing_file
    assert pattern.format(**vars(shard)) == shard.timing_file
