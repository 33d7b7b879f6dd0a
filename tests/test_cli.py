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
