"""``~`` is a home folder wherever a path is given: in flags, in the config, in cards."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest
from default_config import with_
from folders import SCRIPTS

from c2c_timing.cards import pair_card
from c2c_timing.places import user_path, with_home
from c2c_timing.planning.config import expand_home

COMMANDS = [
    path.stem
    for path in sorted(SCRIPTS.glob("*.py"))
    if "def parser(" in path.read_text(encoding="utf-8")
]
# What is no path, though it is a text.
OTHER = {"device", "pair", "dataset", "subject", "split", "revision", "prefix", "figure",
         "config", "prompt_column", "choices_column", "settings",
         "pairs_first", "chunk", "key", "margin", "runtime", "length_view"}  # fmt: skip


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("command", COMMANDS)
def test_every_flag_that_takes_a_path_knows_home(command, home):
    flags = importlib.import_module(command).parser()._actions
    taken = [a for a in flags if a.nargs != 0 and not a.choices and a.dest not in OTHER]
    for action in taken:
        if action.type in (int, float) or getattr(action.type, "__name__", "") == "positive":
            continue
        assert str(action.type("~/my file")) == str(home / "my file"), action.dest


def test_home_is_only_at_the_beginning(home):
    assert with_home("~") == str(home)
    assert with_home("a/~/b") == "a/~/b"
    assert with_home("Qwen/Qwen3-0.6B") == "Qwen/Qwen3-0.6B"
    assert with_home("~nobody-of-this-name/x") == "~nobody-of-this-name/x"
    assert user_path("~/x") == home / "x"


def test_home_in_a_config_and_in_a_card(home, monkeypatch):
    config = with_(data_path={"gsm8k": "~/rows", "mmlu": "rows"})
    expand_home(config)
    assert config["data_path"] == {"gsm8k": str(home / "rows"), "mmlu": "rows"}
    (home / "own.yaml").write_text(
        "title: own\nweights: local\n"
        "base: {model: ~/base, config: ~/shapes}\n"
        "teachers: [{model: ~/teacher, fuser: {checkpoint: ~/fuser}}]\n"
    )
    monkeypatch.setattr(pair_card, "PAIRS", home)
    card = pair_card.load_pair_card("own")
    assert card.base.model == str(home / "base")
    assert card.base.config == Path(home / "shapes")
    assert card.teachers[0].model == str(home / "teacher")
    assert card.fusers[0].checkpoint == str(home / "fuser")
