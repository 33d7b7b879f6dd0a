"""Shards timed with other settings, or without their failed samples, do not come into one table."""

from __future__ import annotations

import json

import pytest
from default_config import with_
from invented import invent, write

import merge_timings
from c2c_timing.analysis.merge import merge
from c2c_timing.analysis.run_checks import check_runs
from c2c_timing.errors import UserError
from c2c_timing.planning.jobs import wanted_settings
from c2c_timing.shard_names import errors_file, errors_file_beside, run_file, timing_file

SOURCE = {"kind": "builtin", "data_path": None, "revision": None, "split": None}
PAIR = {"base": {"weights": "dummy"}, "teachers": [{"weights": "dummy"}],
        "fusers": [{"weights": "dummy"}]}  # fmt: skip


def shard(folder, name="gsm8k_main", errors=0, counts=None, **settings):
    """A shard as the default config times it, but for these settings."""
    wanted = wanted_settings(with_())["settings"] | {"message_max_tokens": 256}
    timing = write(folder, [invent(0, dataset=name)], [{"id": n} for n in range(errors)], name)
    run = {
        "pair": "tiny", "dataset": name.split("_")[0], "subject": "main",
        "counts": {"records": 1, "errors": errors} if counts is None else counts,
        "model_config": {"device": "cpu", "dtype": "float32", "weights": "dummy"},
        "settings": wanted | {"source": SOURCE, "pair": PAIR} | settings,
    }  # fmt: skip
    run_file(timing).write_text(json.dumps(run))
    return timing


@pytest.mark.parametrize(("settings", "says"), [
    ({"max_new_tokens": 4}, "max_new_tokens 4 by another call, the config says 32"),
    ({"num_samples": 100}, "num_samples 100"), ({"seed": 3}, "seed 3"),
    ({"methods": ["base"]}, "methods \\['base'\\]"), ({"dtype": "bfloat16"}, "dtype"),
    ({"source": SOURCE | {"kind": "hub"}}, "source 'hub'"),
    ({"pair": PAIR | {"base": {"weights": "hub"}}}, "weights"),
])  # fmt: skip
def test_a_shard_that_another_call_wrote_over_is_refused(tmp_path, settings, says):
    wanted = wanted_settings(with_())
    right = shard(tmp_path, "mmlu_virology")
    check_runs([right], wanted)
    with pytest.raises(UserError, match=f"gsm8k_main_timing.jsonl: was timed with {says}"):
        check_runs([right, shard(tmp_path, **settings)], wanted)


def test_what_no_method_reads_may_differ(tmp_path):
    check_runs([shard(tmp_path, message_max_tokens=7)], wanted_settings(with_()))
    wanted = wanted_settings(with_(methods=["c2c", "t2t"]))
    with pytest.raises(UserError, match="message_max_tokens 7"):
        check_runs([shard(tmp_path, methods=["c2c", "t2t"], message_max_tokens=7)], wanted)


def test_other_lengths_are_another_run_and_written_prompts_do_not_mix_with_rows(tmp_path):
    written = SOURCE | {"kind": "synthetic", "prompt_tokens": [64, 512]}
    config = with_(source="synthetic", prompt_tokens=[64, 512])
    short = shard(tmp_path, "gsm8k_short", source=written | {"prompt_tokens": [64]})
    long = shard(tmp_path, "gsm8k_long", source=written)
    with pytest.raises(UserError, match=r"prompt_tokens \[64\]"):
        check_runs([short], wanted_settings(config))
    check_runs([long], wanted_settings(config))
    with pytest.raises(UserError, match="synthetic"):
        check_runs([long, shard(tmp_path, "gsm8k_main")])


def test_without_a_config_shards_of_a_pair_must_agree(tmp_path):
    long = shard(tmp_path, "mmlu_anatomy")
    short = shard(tmp_path, "mmlu_virology", max_new_tokens=4)
    check_runs([long, shard(tmp_path, seed=1, num_samples=3, max_new_tokens=4)])
    with pytest.raises(
        UserError, match=r"max_new_tokens 4, .*anatomy.* with 32; .*merge them apart"
    ):
        check_runs([long, short])
    flags = [long, short, "--output", tmp_path / "t", "--errors-output", tmp_path / "e"]
    assert merge_timings.main([*map(str, flags)]) == 1
    assert not (tmp_path / "t").exists()


def test_failed_samples_that_are_gone_are_missed(tmp_path):
    timing = shard(tmp_path, errors=2)
    check_runs([timing])
    errors_file(timing).unlink()
    with pytest.raises(UserError, match=r"2 of its samples failed, but .*_errors.jsonl is gone"):
        check_runs([timing])


def test_errors_that_an_earlier_version_left_among_the_records_are_read(tmp_path):
    timing = timing_file(tmp_path / "timings", "tiny", "gsm8k", "all")
    timing.parent.mkdir(parents=True)
    write(timing.parent, [invent(0, subject="all")], [{"id": "x", "subject": "all"}], "gsm8k_all")
    errors_file(timing).rename(errors_file_beside(timing))
    files = timing.parent.glob("*.jsonl")
    flags = [*files, "--output", tmp_path / "t", "--errors-output", tmp_path / "e.tsv"]
    assert merge_timings.main([*map(str, flags)]) == 0
    failed = merge([timing])[1]
    assert failed["subject"].tolist() == ["main"]
    assert merge([timing])[0]["subject"].tolist() == ["main"]
