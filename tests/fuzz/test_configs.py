"""Config files: whatever is in them, planning ends in shards or in one clear line."""

from __future__ import annotations

import math
import shlex
from pathlib import Path

import pytest
import yaml
from default_config import DEFAULT
from folders import ROOT
from hypothesis import given
from hypothesis import strategies as st

from c2c_timing.cli import settings_from
from c2c_timing.data.sources import SourceSpec
from c2c_timing.errors import UserError
from c2c_timing.exits import exits_cleanly
from c2c_timing.planning import inputs, jobs
from c2c_timing.planning.config import check_config
from c2c_timing.planning.shards import plan_shards
from comprehensive_timing_benchmark import parser

from .support import HOSTILE_OTHERS, HOSTILE_TEXTS, cases, damaged, damaged_bytes

TEXT = (ROOT / "config.yaml").read_text()
FULL = {**DEFAULT, "source": "local", "data_path": dict.fromkeys(DEFAULT["datasets"], "rows"),
        "revision": {"gsm8k": "main"}, "length_views": ["natural", "fixed"]}  # fmt: skip
ONE = {**FULL, "datasets": ["gsm8k"], "subjects": {"gsm8k": "all"}, "data_path": {"gsm8k": "rows"}}


def go_all_the_way(config):
    """What Snakemake asks of the plan, and the command of the flags that it gets."""
    check_config(config)
    shards = plan_shards(config)
    assert shards
    assert len({shard.timing_file for shard in shards}) == len(shards)
    for shard in shards[:3] + shards[-1:]:
        assert Path(shard.timing_file).parents[1] == Path(config["results_dir"], "timings")
        assert len(Path(shard.timing_file).relative_to(config["results_dir"]).parts) == 3
        inputs.shard_inputs(shard.pair, shard.dataset, shard.subject, config)
        flags = shlex.split(jobs.timing_flags(shard.dataset, config))
        try:
            arguments = parser().parse_args([*flags, "--dataset", shard.dataset])
        except SystemExit as error:
            raise AssertionError(f"the command refuses {flags}") from error
        settings = settings_from(arguments, SourceSpec(arguments.source))
        numbers = (settings.temperature, settings.top_p, settings.residual_limit)
        assert all(map(math.isfinite, numbers))
        assert settings.repeats == config["repeats"]
        assert settings.num_samples == config["num_samples"]
        assert 0 <= settings.seed < 2**63


@pytest.mark.parametrize("whole", [DEFAULT, FULL], ids=["default", "full"])
@cases(120)
@given(st.data())
def test_damaged_configs(tally, tmp_path, monkeypatch, whole, data):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rows").mkdir(exist_ok=True)
    config = data.draw(damaged(whole))
    with tally.case():
        go_all_the_way(config)


@pytest.mark.parametrize("key", sorted(FULL))
def test_every_key_with_every_value(tally, tmp_path, monkeypatch, key):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rows").mkdir()
    for value in [*HOSTILE_TEXTS, *HOSTILE_OTHERS]:
        for damaged_value in (value, [value], {"gsm8k": value}, {"gsm8k": [value]}):
            with tally.case():
                go_all_the_way({**ONE, key: damaged_value})


@cases(100)
@given(damaged_bytes(TEXT.encode()))
def test_damaged_config_files(tally, content):
    try:
        config = yaml.safe_load(content.decode())
    except (UnicodeDecodeError, yaml.YAMLError):
        return  # Snakemake reads the file, and says so itself
    with tally.case():
        go_all_the_way(config if isinstance(config, dict) else {})


NUMBERS = [
    "0",
    "-1",
    "nan",
    "inf",
    "1e400",
    "10" * 40,
    "",
    " 1",
    "１",
    "²",
    "x",
    "1.5",
    "0x10",
    "1_000",
]
FLAGS = ["--seed", "--temperature", "--top_p", "--top_k", "--repeats", "--num_samples",
         "--max_new_tokens", "--residual_limit"]  # fmt: skip


@pytest.mark.parametrize("flag", FLAGS)
@pytest.mark.parametrize("number", NUMBERS)
def test_numbers_on_the_command_line(tally, capsys, flag, number):
    @exits_cleanly
    def main():
        arguments = parser().parse_args(["--dataset", "gsm8k", f"{flag}={number}"])
        settings = settings_from(arguments, SourceSpec("builtin"))
        assert all(map(math.isfinite, (settings.temperature, settings.top_p)))
        assert 0 <= settings.seed < 2**63
        assert 0 < settings.residual_limit <= 1

    with tally.case():
        try:
            code = main()
        except SystemExit as error:
            code = error.code
        said = capsys.readouterr().err
        if code == 0:
            return
        assert code in (1, 2)
        raise UserError(said.splitlines()[-1])
