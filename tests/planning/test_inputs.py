from __future__ import annotations

from default_config import DEFAULT, with_
from folders import ROOT

from c2c_timing.planning import inputs
from c2c_timing.planning.shards import plan_shards

LIBRARY = "workflow/scripts/c2c_timing"


def test_inputs_of_a_shard_are_there():
    for shard in plan_shards(DEFAULT):
        for path in inputs.shard_inputs(shard.pair, shard.dataset, shard.subject, DEFAULT):
            assert (ROOT / path).is_file()


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
    assert f"{LIBRARY}/analysis/page.py" in report
    assert f"{LIBRARY}/analysis/roofs.py" not in report
    device = inputs.command_code("measure_device.py")
    assert f"{LIBRARY}/probes/device/measure.py" in device  # imported inside a function
    assert not [path for path in device if "/analysis/" in path]


def test_folders_without_modules_are_inputs_too():
    (template,) = inputs.library_folder("analysis/templates")
    assert template == f"{LIBRARY}/analysis/templates/report.html.jinja"
