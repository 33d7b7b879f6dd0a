"""A method is one file and one row: a toy one goes from its command to the figures."""

from __future__ import annotations

import json

import jsonschema
import pandas as pd
import pytest
import yaml
from folders import ROOT

import comprehensive_timing_benchmark
import merge_timings
import plot_timings
import summarize_timings
from c2c_timing import methods
from c2c_timing.method_table import METHODS, MethodRow
from c2c_timing.stages import Stage

ROW = MethodRow(
    "base_twice",
    "base, reading twice",
    "#117733",
    ("base",),
    "base",
    (Stage.BASE_EMBEDDING, Stage.BASE_PREFILL, Stage.DECODE),
)
FILE = '''
"""The base reads its prompt twice, then answers."""

from ..engine.decoding import decode
from ..stages import Stage
from . import base
from .task import Answer

prepare = base.prepare


def run(pair, task, clock):
    model, request, most = pair.base, task.request, task.request.decoding.max_new_tokens
    prompt, last_token = request.base_ids[:, :-1], request.base_ids[:, -1:]
    cache = model.new_cache(2 * prompt.shape[1] + most)
    step, stop_ids = model.stepper(request.decoding), request.stop_ids(model.lm)

    clock.start()
    for _ in range(2):
        embeddings = model.embed(prompt)
        clock.mark(Stage.BASE_EMBEDDING)
        model.prefill(embeddings, cache)
        clock.mark(Stage.BASE_PREFILL)
    ids = decode(step, last_token, cache, most, stop_ids, clock)
    clock.stop()
    return Answer(ids)
'''
SCHEMA = ROOT / "workflow" / "schemas" / "record.schema.yaml"


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """What the commands make of two samples by the base, once as it is and once as the toy."""
    folder, rooms = tmp_path_factory.mktemp("results"), tmp_path_factory.mktemp("methods")
    (rooms / "base_twice.py").write_text(FILE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(methods, "__path__", [*methods.__path__, str(rooms)])
        patch.setitem(METHODS, ROW.name, ROW)
        commands = [
            (comprehensive_timing_benchmark, "--dataset gsm8k --num_samples 2 --max_new_tokens 4 "
             "--length_views fixed --device cpu --methods base base_twice --output_dir timings"),
            (merge_timings, "timings/tiny/gsm8k_main_timing.jsonl --output t.parquet "
             "--errors-output errors.tsv"),
            (summarize_timings, "--timings t.parquet --errors errors.tsv --output summary.tsv"),
            *((plot_timings, f"--figure {figure} --timings t.parquet --png {figure}.png "
               f"--svg {figure}.svg") for figure in ("stage_breakdown", "throughput")),
        ]  # fmt: skip
        patch.chdir(folder)
        for command, flags in commands:
            assert command.main(flags.split()) == 0
    return folder


def test_its_records_are_records(results):
    lines = (results / "timings" / "tiny" / "gsm8k_main_timing.jsonl").read_text().splitlines()
    records = [json.loads(line) for line in lines]
    validator = jsonschema.Draft202012Validator(yaml.safe_load(SCHEMA.read_text()))
    assert all(validator.is_valid(record) for record in records)
    toys, plain = (
        [record for record in records if record["method"] == method]
        for method in ("base_twice", "base")
    )
    assert len(toys) == len(plain) == 2
    assert [toy["prompt"] for toy in toys] == [record["prompt"] for record in plain]
    for toy in toys:
        timing = toy["timing"]
        assert timing["num_generated_tokens"] == 4
        present = {stage for stage in Stage if timing[stage.key] is not None}
        assert present == set(ROW.stages)
        total = sum(timing[stage.key] for stage in ROW.stages)
        assert timing["total_time_ms"] == pytest.approx(total)


def test_its_cold_request_is_kept_apart(results):
    run = json.loads((results / "timings" / "tiny" / "gsm8k_main_run.json").read_text())
    assert set(run["cold_requests"]) == {"base", "base_twice"}
    assert run["settings"]["methods"] == ["base", "base_twice"]


def test_it_has_a_row_in_the_summary(results):
    summary = pd.read_csv(results / "summary.tsv", sep="\t").set_index("method")
    assert set(summary.index) == {"base", "base_twice"}


def test_figures_know_its_title_and_colour(results):
    for figure in ("stage_breakdown", "throughput"):
        assert ROW.title in (results / f"{figure}.svg").read_text()
    assert ROW.colour in (results / "throughput.svg").read_text()
