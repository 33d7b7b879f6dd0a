from __future__ import annotations

import subprocess
import sys

import pytest
import yaml
from folders import ROOT

from c2c_timing.analysis.figures import FIGURES
from c2c_timing.cards.pair_card import available_pairs, load_pair_card
from c2c_timing.cli import add_decoding_arguments, add_pair_arguments, pair_from
from c2c_timing.errors import UserError
from c2c_timing.planning import plan

DEFAULT = yaml.safe_load((ROOT / "config.yaml").read_text())


def with_(**changes):
    return {**DEFAULT, **changes}


def test_the_default_config_is_right_and_names_every_data_set():
    plan.check_config(DEFAULT)
    shards = plan.plan_shards(DEFAULT)
    assert len({shard.dataset for shard in shards}) == 9


def test_the_full_sweep_plans_every_subject():
    full = yaml.safe_load((ROOT / "configs" / "full_sweep.yaml").read_text())
    shards = plan.plan_shards(with_(**full))
    assert len(shards) == len(set(shards)) == 57 + 57 + 21 + 14 + 2 + 1 + 1 + 1 + 1


@pytest.mark.parametrize("path", sorted((ROOT / "configs").glob("*.yaml")), ids=lambda p: p.stem)
def test_every_named_config_is_right(path):
    plan.check_config(with_(**yaml.safe_load(path.read_text())))


@pytest.mark.parametrize(("changes", "words"), [
    ({"dataset": ["gsm8k"]}, ["dataset", "did you mean datasets"]),
    ({"datasets": ["gsm8"]}, ["gsm8", "did you mean gsm8k", "longbench"]),
    ({"subjects": {"mmlu": ["virologie"]}}, ["virologie", "did you mean virology"]),
    ({"subjects": {"mmlo": "all"}}, ["mmlo", "did you mean mmlu"]),
    ({"pairs": ["tinny"]}, ["tinny", "did you mean tiny"]),
    ({"num_samples": 0}, ["num_samples", "0"]),
    ({"num_samples": "many"}, ["num_samples", "many"]),
    ({"dtype": "float8"}, ["dtype", "bfloat16"]),
    ({"methods": ["c2c", "magic"]}, ["methods", "magic", "teacher"]),
    ({"top_p": 1.5}, ["top_p"]),
    ({"source": "local"}, ["data_path"]),
    ({"resources": {"threads": 1}}, ["resources"]),
    ({"resources": {**DEFAULT["resources"], "max_runtime_minutes": 0}}, ["max_runtime_minutes"]),
    ({"allow_missing": "maybe"}, ["allow_missing", "maybe"]),
])  # fmt: skip
def test_a_wrong_config_is_one_line_with_key_and_choices(changes, words):
    with pytest.raises(UserError) as error:
        plan.check_config(with_(**changes))
    message = str(error.value)
    assert "\n" not in message
    for word in words:
        assert word in message


def test_tables_and_figures_are_those_that_the_methods_can_fill():
    alone, compared = (set(plan.table_files(m)) for m in (["c2c"], ["base", "c2c"]))
    both = set(plan.table_files(["t2t", "c2c"]))
    assert "results/summary.tsv" in alone < compared < both
    assert plan.comparison_flags(["c2c"]) == ""
    assert plan.comparison_flags(["base", "teacher"]) == ""
    assert "--breakeven results/breakeven.tsv" in plan.comparison_flags(["t2t", "c2c"])
    assert set(plan.figure_names(["base"])) < set(plan.figure_names(["t2t", "c2c"])) == set(FIGURES)


def test_words_on_the_command_line_mean_what_they_say():
    config = with_(allow_missing="true", max_new_tokens="null", dtype="float32", seed=0)
    plan.read_plain_words(config)
    assert (config["allow_missing"], config["max_new_tokens"]) == (True, None)
    assert (config["dtype"], config["seed"]) == ("float32", 0)
    plan.check_config(config)


def test_a_job_asks_for_more_time_each_attempt_but_never_for_too_much():
    resources = {**DEFAULT["resources"], "runtime_minutes": 60}
    minutes = [plan.runtime_minutes({"resources": resources}, attempt) for attempt in (1, 2, 3)]
    assert minutes == [60, 120, 180]
    resources["max_runtime_minutes"] = 100
    minutes = [plan.runtime_minutes({"resources": resources}, attempt) for attempt in (1, 2, 3)]
    assert minutes == [60, 100, 100]


def test_tables_wait_for_all_shards_unless_some_may_be_missing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shards = plan.plan_shards(DEFAULT)
    assert plan.wanted_shards(shards, DEFAULT) == shards
    path = tmp_path / shards[3].timing_file
    path.parent.mkdir(parents=True)
    path.touch()
    assert plan.wanted_shards(shards, with_(allow_missing=True)) == [shards[3]]


def test_planning_and_analysis_never_import_torch():
    code = "import sys; import c2c_timing.plan, c2c_timing.cli, c2c_timing.analysis.report; " \
           "sys.exit(bool({'torch', 'transformers', 'datasets'} & set(sys.modules)))"  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT / "workflow" / "scripts", check=False
    )
    assert done.returncode == 0


def test_inputs_of_a_shard_are_there():
    for shard in plan.plan_shards(DEFAULT):
        for path in plan.shard_inputs(shard.pair, shard.dataset, shard.subject, DEFAULT):
            assert (ROOT / path).is_file()


def test_eight_pairs_with_shapes():
    cards = [load_pair_card(name) for name in available_pairs()]
    assert len(cards) == 8
    for card in cards:
        for spec in (card.base, *card.teachers):
            assert (spec.config / "config.json").is_file()
    assert load_pair_card("tiny").weights == "dummy"
    assert load_pair_card("qwen3-0.6b_qwen3-4b-base").weights == "real"
    assert load_pair_card("qwen3-0.6b_qwen3-4b-base").with_weights("dummy").weights == "dummy"


def arguments(*words):
    import argparse

    parser = argparse.ArgumentParser()
    add_pair_arguments(parser)
    add_decoding_arguments(parser)
    return parser.parse_args(words)


def test_another_teacher_gets_a_fuser_that_fits(tmp_path):
    card = pair_from(arguments("--pair", "qwen3-0.6b_qwen3-4b", "--teacher_model", str(tmp_path)))
    assert card.teachers[0].weights == "local"
    assert card.fusers[0].weights == "dummy"
    assert card.weights == "mixed"
    assert card.name == f"Qwen3-0.6B_{tmp_path.name}"
    with pytest.raises(UserError, match="no such fuser"):
        pair_from(arguments("--fuser_checkpoint", str(tmp_path / "nowhere")))


def test_environments_hold_the_versions_of_the_lock():
    locked = set((ROOT / "envs" / "requirements.lock").read_text().split())
    for path in (ROOT / "envs").glob("*.yaml"):
        pins = yaml.safe_load(path.read_text())["dependencies"][-1]["pip"]
        assert pins
        assert set(pins) <= locked
