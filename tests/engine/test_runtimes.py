"""A runtime is one file and one row, and another axis of the order in which requests are made."""

from __future__ import annotations

import importlib
import itertools
import json
import random
from dataclasses import replace

import pytest

import comprehensive_timing_benchmark as command
from c2c_timing.cards.pair_card import load_pair_card
from c2c_timing.engine import pair, runtimes
from c2c_timing.method_table import METHODS
from c2c_timing.runtime_table import CALLS, REFERENCE, RUNTIMES, RuntimeRow
from c2c_timing.settings import LENGTH_VIEWS, RunSettings
from c2c_timing.shard.sample_loop import draw_order

BOTH, ARMS = ("eager", "eager_again"), ("base", "c2c")
NUM_SAMPLES, REPEATS = 3, 2
FLAGS = ["--dataset", "gsm8k", "--num_samples", str(NUM_SAMPLES), "--repeats", str(REPEATS),
         "--max_new_tokens", "4", "--device", "cpu", "--methods", *ARMS]  # fmt: skip


@pytest.fixture(scope="module")
def shard(tmp_path_factory):
    """Records and run file of a shard under eager and, from a file of its own, eager again."""
    folder, rooms = tmp_path_factory.mktemp("shard"), tmp_path_factory.mktemp("runtimes")
    (rooms / "eager_again.py").write_text("from .eager import open_pair\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runtimes, "__path__", [*runtimes.__path__, str(rooms)])
        patch.setitem(
            RUNTIMES,
            "eager_again",
            RuntimeRow("eager_again", "eager, again", ("cpu", "cuda"), CALLS),
        )
        assert command.main([*FLAGS, "--runtimes", *BOTH, "--output_dir", str(folder)]) == 0
    lines = (folder / "tiny" / "gsm8k_main_timing.jsonl").read_text().splitlines()
    run = json.loads((folder / "tiny" / "gsm8k_main_run.json").read_text())
    return [json.loads(line) for line in lines], run


def turns(records):
    """(method, runtime) of the requests of each sample and repeat, as they were made."""
    found = {}
    for record in sorted(records, key=lambda record: record["order"]):
        turn = (record["method"], record["runtime"])
        found.setdefault((record["id"], record["repeat"]), []).append(turn)
    return found


def test_every_method_runs_under_every_runtime_in_every_sample_and_repeat(shard):
    records, run = shard
    made = turns(records)
    assert len(made) == NUM_SAMPLES * REPEATS
    assert all(sorted(each) == sorted(itertools.product(ARMS, BOTH)) for each in made.values())
    assert run["settings"]["runtimes"] == list(BOTH)
    assert run["counts"]["records"] == len(records)


def test_runtimes_are_interleaved_in_an_order_drawn_for_each_sample_and_repeat(shard):
    settings = RunSettings(load_pair_card("tiny"), methods=ARMS, runtimes=BOTH)
    made = turns(shard[0])
    for (name, repeat), order in made.items():
        where = {"id": name, "dataset": "gsm8k", "subject": "main"}
        assert order == [turn[:2] for turn in draw_order(settings, where, repeat)]
    assert len(set(map(tuple, made.values()))) > 1
    alternations = [
        sum(one != other for one, other in itertools.pairwise(runtime for _, runtime in order))
        for order in made.values()
    ]
    assert max(alternations) > 1, "one runtime after the other would be a drift's chance"


def test_each_runtime_is_warmed_up_apart(shard):
    _, run = shard
    cold = run["cold_requests_by_runtime"]
    assert list(cold) == list(BOTH)
    assert all(set(methods) == set(ARMS) for methods in cold.values())
    assert run["cold_requests"] == cold["eager"] != cold["eager_again"]


def test_the_same_work_gives_the_same_answers(shard):
    answers = {}
    for record in shard[0]:
        key = (record["id"], record["method"])
        answers.setdefault(key, set()).add((record["prompt"], record["response"]))
    assert len(answers) == NUM_SAMPLES * len(ARMS)
    assert all(len(found) == 1 for found in answers.values())


def test_a_runtime_that_does_not_run_here_is_refused_in_one_line(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(RUNTIMES, "elsewhere", RuntimeRow("elsewhere", "no CPU", ("cuda",), CALLS))
    monkeypatch.setattr(pair, "load_pair", lambda *_: pytest.fail("it was loaded"))
    flags = [*FLAGS, "--runtimes", "eager", "elsewhere", "--output_dir", str(tmp_path / "out")]
    assert command.main(flags) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: runtime elsewhere runs on cuda, not on cpu; here run: eager")
    assert "elsewhere" not in line.split("here run:")[1]
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("seed", range(20))
def test_with_one_runtime_the_order_is_what_it_was_before_there_were_several(seed):
    settings = RunSettings(load_pair_card("tiny"), methods=tuple(METHODS), seed=seed)
    where = {"id": f"x{seed}", "dataset": "gsm8k", "subject": "main"}
    for views, repeat in itertools.product((("natural",), LENGTH_VIEWS), (1, 2)):
        expected = [(method, view) for view in views for method in METHODS]
        random.Random(f"{seed}/gsm8k/main/x{seed}/{repeat}").shuffle(expected)
        order = draw_order(replace(settings, length_views=views), where, repeat)
        assert [(method, view) for method, _, view in order] == expected
        assert {runtime for _, runtime, _ in order} == {REFERENCE}


def test_no_runtime_is_favoured_by_its_place():
    settings = RunSettings(load_pair_card("tiny"), runtimes=BOTH)
    samples = ({"id": f"x{n}", "dataset": "gsm8k", "subject": "main"} for n in range(1200))
    first = [draw_order(settings, where, 1)[0].runtime for where in samples]
    # 600 expected, standard deviation 17
    assert 500 < first.count("eager") < 700


@pytest.mark.parametrize("name", RUNTIMES)
def test_every_row_has_a_file(name):
    assert RUNTIMES[name].name == name
    assert callable(importlib.import_module(f"{runtimes.__name__}.{name}").open_pair)
