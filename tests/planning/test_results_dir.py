"""Where a run writes: any folder that it can have for its own, and no other."""

from __future__ import annotations

from pathlib import Path

import pytest
from default_config import with_
from folders import ROOT

from c2c_timing.errors import UserError
from c2c_timing.planning import jobs, targets
from c2c_timing.planning.config import check_config, expand_home, fill_from
from c2c_timing.planning.inputs import config_files
from c2c_timing.planning.results_dir import check_results_dir
from c2c_timing.planning.shards import plan_shards


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    return tmp_path


@pytest.mark.parametrize(("path", "meant"), [
    ("results", "results"), ("results/", "results"), ("./a//b", "a/b"), ("~/x", "{home}/x"),
    ("../beside/of it", "../beside/of it"), ("/tmp/absolute/", "/tmp/absolute"), ("2026", "2026"),
])  # fmt: skip
def test_a_folder_has_one_name(path, meant, here):
    config = with_(results_dir=path)
    expand_home(config)
    check_config(config)
    assert config["results_dir"] == meant.format(home=here / "home")


@pytest.mark.parametrize(("path", "why"), [
    ("", "is empty"), (" ", "is empty"), (".", "the working directory, or above it"),
    ("..", "the working directory, or above it"), ("/", "or above it"),
    (str(ROOT), "the workflow's folder, or above it"),
    (str(ROOT / "workflow/x"), "lies in workflow/ of the workflow's folder"),
    (str(ROOT / ".git"), r"lies in \.git/"), (".snakemake/x", "lies in .snakemake/"),
    ("file", "file is a file"), ("file/x", "file is a file"),
    ("a{b}", "holds '{' '}'"), ("a\nb", "holds"), ("a\0b", "holds"), ("-x", "begins like a flag"),
    ("s3://bucket/x", "is an address"),
])  # fmt: skip
def test_what_cannot_be_a_run_s_own_is_refused_in_one_line(path, why, here):
    (here / "file").touch()
    with pytest.raises(UserError, match=why.replace("{", r"\{")) as refused:
        check_results_dir(path)
    assert str(refused.value).startswith("config: results_dir: ")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("path", ["docs/first", "tests/x", "config/of mine", ".venv/x"])
def test_another_folder_s_names_are_its_own_affair(path):
    check_results_dir(path)
    with pytest.raises(UserError, match="of the workflow's folder"):
        check_results_dir(str(ROOT / path))


@pytest.mark.parametrize("value", [None, 7, ["a"], True])
def test_what_is_no_text_is_refused(value):
    with pytest.raises(UserError, match=r"results_dir: .* is not of type 'string'"):
        check_config(with_(results_dir=value))


def test_all_that_a_run_makes_lies_there():
    config = with_(
        results_dir="of mine", methods=["base", "t2t", "c2c"], runtimes=["eager", "fused"]
    )
    shard = plan_shards(config)[0]
    paths = [*targets.table_files(config), *targets.figure_files(config), shard.timing_file,
             shard.errors_file, shard.run_file, shard.log, shard.benchmark]  # fmt: skip
    assert {path.split("/")[0] for path in paths} == {"of mine"}
    assert shard.errors_file == f"of mine/failed/tiny/{Path(shard.errors_file).name}"
    flags = targets.comparison_flags(config), jobs.timing_flags("gsm8k", config)
    assert "--speedup 'of mine/speedup.tsv'" in flags[0]
    assert "'--self_test=of mine/self_test.json'" in flags[1]


def test_a_config_of_another_folder_is_filled_key_by_key_and_never_within_one():
    config = {"subjects": {"mmlu": ["virology"]}, "seed": 7}
    fill_from(config, with_())
    assert config == with_(subjects={"mmlu": ["virology"]}, seed=7)


def test_config_files_are_named_from_here_in_the_order_in_which_they_lie(here):
    over, base = here / "small.yaml", Path("config.yaml")
    assert config_files([over, base], [over]) == ["config.yaml", "small.yaml"]
    assert config_files([over, ROOT / "config.yaml"], [over])[0] == str(ROOT / "config.yaml")
