from __future__ import annotations

import copy
from dataclasses import replace

import pytest
from default_config import DEFAULT, with_, with_file
from folders import ROOT

from c2c_timing.errors import UserError
from c2c_timing.planning import config as planned_config
from c2c_timing.planning.config import (
    check_config,
    empty_subjects,
    read_numbers_within,
    read_plain_words,
)
from c2c_timing.runtime_table import RUNTIMES


@pytest.mark.parametrize("path", sorted((ROOT / "configs").glob("*.yaml")), ids=lambda p: p.stem)
def test_every_named_config_is_right(path):
    check_config(DEFAULT)
    check_config(with_file(path))


@pytest.mark.parametrize(("changes", "words"), [
    ({"dataset": ["gsm8k"]}, ["dataset", "did you mean datasets"]),
    ({"datasets": ["gsm8"]}, ["gsm8", "did you mean gsm8k", "longbench"]),
    ({"subjects": {"mmlu": ["virologie"]}}, ["virologie", "did you mean virology"]),
    ({"subjects": {"mmlo": "all"}}, ["mmlo", "did you mean mmlu"]),
    ({"subjects": None}, ["subjects"]),
    ({"pairs": ["tinny"]}, ["tinny", "did you mean tiny"]),
    ({"num_samples": 0}, ["num_samples", "0"]),
    ({"num_samples": "many"}, ["num_samples", "many"]),
    ({"dtype": "float8"}, ["dtype", "bfloat16"]),
    ({"methods": ["c2c", "teecher"]}, ["methods", "did you mean teacher", "c2c_shuffled"]),
    ({"methods": ["c2c", "c2c"]}, ["methods"]),
    ({"runtimes": ["eagr"]}, ["runtimes", "did you mean eager"]),
    ({"runtimes": []}, ["runtimes"]),
    ({"top_p": 1.5}, ["top_p"]),
    ({"source": "synthetic"}, ["openhermes, longbench", "prompt_tokens"]),
    ({"source": "synthetic", "datasets": ["mmlu"], "num_samples": None}, ["num_samples"]),
    ({"prompt_tokens": [64]}, ["prompt_tokens", "builtin"]),
    ({"source": "synthetic", "prompt_tokens": [1]}, ["prompt_tokens"]),
    ({"source": "local"}, ["data_path"]),
    ({"resources": {"threads": 1}}, ["resources"]),
    ({"resources": {**DEFAULT["resources"], "max_runtime_minutes": 0}}, ["max_runtime_minutes"]),
    ({"processes": 0}, ["processes"]),
    ({"target_interval": 5}, ["target_interval"]),
    ({"target_interval": 0.05}, ["target_interval", "resolution: true"]),
    ({"target_interval": 0.05, "resolution": True, "repeats": 9}, ["max_repeats", "repeats (9)"]),
    ({"allow_missing": "maybe"}, ["allow_missing", "maybe"]),
])  # fmt: skip
def test_a_wrong_config_is_one_line_with_key_and_choices(changes, words):
    with pytest.raises(UserError) as error:
        check_config(with_(**changes))
    message = str(error.value)
    assert "\n" not in message
    for word in words:
        assert word in message


@pytest.mark.parametrize("key", DEFAULT)
def test_every_key_is_needed(key):
    with pytest.raises(UserError, match=f"'{key}' is a required property"):
        check_config({name: value for name, value in DEFAULT.items() if name != key})


@pytest.mark.parametrize("key", DEFAULT["resources"])
def test_every_resource_is_needed(key):
    fewer = {name: value for name, value in DEFAULT["resources"].items() if name != key}
    with pytest.raises(UserError, match=f"resources: '{key}' is a required property"):
        check_config(with_(resources=fewer))


def test_a_runtime_is_refused_on_a_device_that_it_does_not_run_on(monkeypatch):
    graphs = replace(RUNTIMES["eager"], name="graphs", devices=("cuda",))
    monkeypatch.setitem(planned_config.RUNTIMES, "graphs", graphs)
    for device in ("auto", "cuda", "cuda:1"):
        check_config(with_(runtimes=["eager", "graphs"], device=device))
    with pytest.raises(UserError, match="runtimes: graphs does not run on cpu, only on cuda"):
        check_config(with_(runtimes=["eager", "graphs"], device="cpu"))


def test_words_on_the_command_line_mean_what_they_say():
    config = with_(allow_missing="true", max_new_tokens="null", dtype="float32", seed=0)
    read_plain_words(config)
    assert (config["allow_missing"], config["max_new_tokens"]) == (True, None)
    assert (config["dtype"], config["seed"]) == ("float32", 0)
    check_config(config)


def test_numbers_within_what_the_command_line_lists_mean_what_they_say():
    texts = {"runtime_minutes": "90", "max_runtime_minutes": "null"}
    typed = {"resources": {**DEFAULT["resources"], **texts}, "prompt_tokens": ["64", "512"],
             "subjects": {"mmlu": ["12", "null"]}, "datasets": ["7"]}  # fmt: skip
    config = with_(**copy.deepcopy(typed), data_path={"gsm8k": "2024"})
    read_numbers_within(config, typed)
    assert config["prompt_tokens"] == [64, 512]
    assert config["resources"] == {
        **DEFAULT["resources"],
        "runtime_minutes": 90,
        "max_runtime_minutes": None,
    }
    # Where a text may stand, it is one.
    assert config["subjects"] == {"mmlu": ["12", "null"]}
    assert (config["datasets"], config["data_path"]) == (["7"], {"gsm8k": "2024"})


@pytest.mark.parametrize(
    "text",
    [
        "x",
        "",
        "1.5",
        "true",
        "[1]",
        "{a",
        "0x",
        "1e999",
        "9" * 40,
        "2024-02-30",
        "0x_",
        "0b_",
        "9" * 5000,
    ],
)
def test_what_is_no_such_number_stays_for_the_check(text):
    config = with_(prompt_tokens=["64", text], source="synthetic")
    read_numbers_within(config, ["prompt_tokens"])
    assert config["prompt_tokens"] == [64, text]
    with pytest.raises(UserError, match=r"config: prompt_tokens\.1: '"):
        check_config(config)


def test_a_text_in_a_file_stays_one():
    config = with_(prompt_tokens=["64"])
    read_numbers_within(config, [])
    assert config["prompt_tokens"] == ["64"]


def test_what_may_be_one_of_several_kinds_says_which():
    with pytest.raises(UserError, match="config: prompt_tokens: 5 is not null or array"):
        check_config(with_(prompt_tokens=5))


@pytest.mark.parametrize(("layers", "subjects"), [
    ([], DEFAULT["subjects"]),
    ([{}, None, {"seed": 1}], DEFAULT["subjects"]),
    ([{"subjects": {}}], {}),
    ([{"subjects": {"mmlu": "all"}}, {"subjects": {}}, {"seed": 1}], {}),
    ([{"subjects": {}}, {"subjects": {"mmlu": "all"}}], {"mmlu": "all"}),
])  # fmt: skip
def test_empty_subjects_are_all_subjects(layers, subjects):
    config = with_()
    empty_subjects(config, layers)
    assert config["subjects"] == subjects
