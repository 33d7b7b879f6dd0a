from __future__ import annotations

import argparse

import pytest

from c2c_timing.cli import add_decoding_arguments, add_pair_arguments, pair_from
from c2c_timing.errors import UserError


def arguments(*words):
    parser = argparse.ArgumentParser()
    add_pair_arguments(parser)
    add_decoding_arguments(parser)
    return parser.parse_args(words)


def test_another_teacher_gets_a_fuser_that_fits(tmp_path):
    card = pair_from(arguments("--pair", "qwen3-0.6b_qwen3-4b", "--teacher_model", str(tmp_path)))
    assert card.teachers[0].weights == "local"
    assert card.fusers[0].weights == "dummy"
    assert card.weights == "mixed"
    assert card.name.startswith(f"Qwen3-0.6B_{tmp_path.name}_")
    with pytest.raises(UserError, match="no such fuser"):
        pair_from(arguments("--fuser_checkpoint", str(tmp_path / "nowhere")))


def named(*words):
    return pair_from(arguments(*words)).name


def test_a_pair_of_flags_shares_its_name_with_no_other(tmp_path, monkeypatch):
    for folder in ("a/final", "b/final", "f/final", "g/final"):
        (tmp_path / folder).mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    flags = [
        ("--base_model", "a/final"),
        ("--base_model", "b/final"),
        ("--base_model", "somebody/final"),
        ("--base_model", "somebody-else/final"),
        ("--base_model", "a/final", "--teacher_model", "b/final"),
        ("--base_model", "b/final", "--teacher_model", "a/final"),
        ("--fuser_checkpoint", "f/final"),
        ("--fuser_checkpoint", "g/final"),
        ("--fuser_checkpoint", "somebody/fusers:one/final"),
        ("--fuser_checkpoint", "somebody/fusers:two/final"),
        ("--base_model", "a/final", "--fuser_checkpoint", "f/final"),
        ("--base_model", "a/final", "--pair", "qwen3-0.6b_qwen3-4b"),
        (),
    ]
    names = [named(*words) for words in flags]
    assert len(set(names)) == len(flags)
    assert names == [named(*words) for words in flags]
    assert names[-1] == "tiny"
    assert names[0].startswith("final_tiny-teacher_")
    monkeypatch.chdir(tmp_path / "a")
    assert named("--base_model", "final") == names[0]
