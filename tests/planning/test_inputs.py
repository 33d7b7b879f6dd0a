from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from default_config import DEFAULT, with_
from folders import ROOT

from c2c_timing.planning import inputs
from c2c_timing.planning.shards import plan_shards

LIBRARY = "workflow/scripts/c2c_timing"


def test_inputs_of_a_shard_are_there():
    for shard in plan_shards(DEFAULT):
        for path in inputs.shard_inputs(shard.pair, shard.dataset, shard.subject, DEFAULT):
            assert (ROOT / path).is_file()


def test_written_prompts_depend_on_the_documents_that_they_are_made_of():
    config = with_(source="synthetic", prompt_tokens=[64])
    files = inputs.shard_inputs("tiny", "gsm8k", "main", config)
    assert "workflow/samples/longbench/gov_report.jsonl" in files
    assert "workflow/samples/gsm8k/main.jsonl" not in files
    assert all((ROOT / path).is_file() for path in files)


@pytest.mark.parametrize("name", ["{x}.jsonl", "}.jsonl", "{pair}/rows.jsonl", "a{x,[0-9]+}.jsonl"])
def test_rows_under_names_like_patterns_are_watched_though_no_rule_can_name_them(tmp_path, name):
    rows, plain = tmp_path / name, tmp_path / "rows.jsonl"
    for path in (rows, plain):
        path.parent.mkdir(exist_ok=True)
        path.write_text("{}")
    config = with_(source="local", data_path={"gsm8k": str(tmp_path)})
    listed = inputs.shard_inputs("tiny", "gsm8k", "main", config)
    assert str(plain) in listed
    assert not [path for path in listed if "{" in path or "}" in path]
    (watched,) = inputs.unlisted_rows("gsm8k", config)
    assert watched.startswith(str(rows))
    os.utime(rows, (1, 1))
    assert inputs.unlisted_rows("gsm8k", config) != [watched]
    assert inputs.unlisted_rows("gsm8k", with_(source="builtin")) == []


def test_snakemake_plans_a_shard_of_such_rows_in_a_home_folder(tmp_path):
    (tmp_path / "da{ta}").mkdir()
    (tmp_path / "da{ta}" / "{x} y.jsonl").write_text('{"question": "1+1?", "answer": "2"}')
    config = {
        "datasets": ["gsm8k"],
        "source": "local",
        "data_path": {"gsm8k": "~/da{ta}/{x} y.jsonl"},
    }
    (tmp_path / "c.json").write_text(json.dumps(config))
    shard = "results/timings/tiny/gsm8k_main_timing.jsonl"
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", "-n", "-p", "-F", "--until", "time_shard", "--cores", "1",
         shard, "--snakefile", ROOT / "Snakefile", "--directory", ROOT, "--nolock",
         "--configfile", tmp_path / "c.json"],
        env=os.environ | {"HOME": str(tmp_path)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert f"--data_path={tmp_path}/da{{ta}}/{{x}} y.jsonl" in done.stdout + done.stderr


def test_a_template_that_one_method_reads_is_an_input_of_that_method_alone():
    template = "workflow/datasets/prompts/background.jinja"
    for methods, is_read in ((["c2c"], False), (["c2c", "t2t"], True)):
        files = inputs.shard_inputs("tiny", "gsm8k", "main", with_(methods=methods))
        assert (template in files) == is_read


def test_code_of_a_shard_holds_the_audit_only_where_it_is_asked_for():
    plain, audited = (set(inputs.timing_code(with_(audit=audit))) for audit in (False, True))
    assert f"{LIBRARY}/meters/clock.py" in plain < audited
    assert f"{LIBRARY}/probes/audit/trace.py" in audited - plain


def test_a_command_depends_on_what_it_imports_and_no_more():
    report = inputs.command_code("write_report.py")
    assert f"{LIBRARY}/analysis/report/page.py" in report
    assert f"{LIBRARY}/analysis/roofs.py" not in report
    device = inputs.command_code("measure_device.py")
    assert f"{LIBRARY}/probes/device/measure.py" in device  # imported inside a function
    assert not [path for path in device if "/analysis/" in path]


def test_folders_without_modules_are_inputs_too():
    found = inputs.library_folder("analysis/templates")
    assert f"{LIBRARY}/analysis/templates/report.html.jinja" in found
    assert f"{LIBRARY}/analysis/templates/vendor/sortable.min.js" in found  # below it, too
