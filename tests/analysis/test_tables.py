"""Columns, names and glossary follow from the tables of stages and methods."""

from __future__ import annotations

import subprocess
import sys

from folders import ROOT

from c2c_timing.analysis.columns import STEPS, TIMING_KEYS, in_order, method_title
from c2c_timing.analysis.report.glossary import COLUMNS, GLOSSARY
from c2c_timing.analysis.stage_table import part_titles
from c2c_timing.method_table import METHODS
from c2c_timing.stages import Stage

ALL_MODULES = """
import pkgutil, sys
import c2c_timing.analysis as analysis
for module in pkgutil.walk_packages(analysis.__path__, "c2c_timing.analysis."):
    __import__(module.name)
    print(module.name)
assert "torch" not in sys.modules and "transformers" not in sys.modules
"""


def test_the_analysis_never_imports_torch():
    scripts = ROOT / "workflow" / "scripts"
    done = subprocess.run(
        [sys.executable, "-c", ALL_MODULES], cwd=scripts, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "c2c_timing.analysis.figures.roofline" in done.stdout


def test_the_columns_of_the_summary_keep_their_order():
    assert TIMING_KEYS == [
        "total_time_ms", "wall_time_ms", "ttft_ms", "tpot_ms", "tokens_per_second", "decode_avg_ms",
        "decode_total_ms", "num_generated_tokens", "base_prefill_ms", "teacher_prefill_ms",
        "projector_total_ms", "projector_avg_ms", "projector_calls", "base_embedding_ms",
        "teacher_embedding_ms", "teacher_decode_total_ms", "num_teacher_tokens", "handover_ms",
        "residual_ms", "tokenize_ms",
    ]  # fmt: skip
    assert STEPS == ["teacher_decode_step_times_ms", "decode_step_times_ms"]


def test_every_stage_is_a_column_and_explained():
    explained = {key for keys, *_ in GLOSSARY for key in keys.split(", ")}
    for stage in Stage:
        assert stage.key in TIMING_KEYS
        assert stage.key in explained
    assert COLUMNS["projector_total_ms"] == "projection (ms)"


def test_every_method_has_its_title_in_the_stage_table():
    titles = part_titles()
    for name, method in METHODS.items():
        assert titles[name, "whole"].startswith(method.title)
    assert {method for method, part in titles if part != "whole"} == {"t2t"}
    assert method_title("of another version") == "of another version"


def test_names_come_in_the_order_of_their_table():
    assert in_order(["x", "c2c", "a", "base", "c2c"], METHODS) == ["base", "c2c", "a", "x"]
