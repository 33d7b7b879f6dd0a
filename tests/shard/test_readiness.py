"""All that a sample's requests need is built before the first of them is timed."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import torch

from c2c_timing.cards.dataset_card import prompt_file_card
from c2c_timing.cards.pair_card import load_pair_card
from c2c_timing.data.sources import Row
from c2c_timing.engine import runtimes
from c2c_timing.engine.runtimes import NotReadyError
from c2c_timing.meters import peak_memory
from c2c_timing.meters.wall_times import WallTimes
from c2c_timing.runtime_table import CALLS, RUNTIMES, RuntimeRow
from c2c_timing.session import Session
from c2c_timing.settings import RunSettings
from c2c_timing.shard.run import time_batches
from c2c_timing.shard.sample_loop import SampleLoop, Turn, draw_order

CARD = prompt_file_card(Path("prompts.jsonl"))
METHODS, VIEWS, BOTH = ("c2c", "base"), ("fixed", "natural"), ("eager", "moves")
# A runtime that builds, without a compiler: static moves as they are.
MOVES = """
from ..static.kit import Kit
from ..static.pair import open_static


def open_pair(pair):
    return open_static("moves", pair, Kit())
"""
MIB = 1 << 20


def row(words: int) -> Row:
    return Row(f"{words} words", {"prompt": "legs " * words})


@dataclass
class Watched:
    """A session whose calls are written down, in the order in which they end."""

    session: Session
    calls: list[tuple[str, Turn]] = field(default_factory=list)

    def watch(self, name: str) -> None:
        call = getattr(self.session, name)

        def watched(trial):
            view = "fixed" if trial.task.request.decoding.ignore_eos else "natural"
            turn = Turn(trial.method, trial.runtime, view)
            try:
                result = call(trial)
            except NotReadyError:
                self.calls.append(("given up", turn))
                raise
            self.calls.append((name, turn))
            return result

        setattr(self.session, name, watched)

    def turns(self, name: str) -> list[Turn]:
        return [turn for call, turn in self.calls if call == name]


@pytest.fixture
def watched(tmp_path, monkeypatch):
    """The tiny pair under eager and static moves."""
    (tmp_path / "moves.py").write_text(MOVES)
    monkeypatch.setattr(runtimes, "__path__", [*runtimes.__path__, str(tmp_path)])
    monkeypatch.setitem(RUNTIMES, "moves", RuntimeRow("moves", "static moves", ("cpu",), CALLS))
    settings = RunSettings(
        load_pair_card("tiny"), methods=METHODS, runtimes=BOTH,
        max_new_tokens=3, length_views=VIEWS, repeats=2, device="cpu",
    )  # fmt: skip
    watched = Watched(Session(settings, WallTimes()))
    watched.watch("time_request")
    watched.watch("make_ready")
    return watched


def order_of(session, row, repeat):
    where = {"id": row.id, "dataset": CARD.name, "subject": "main"}
    return draw_order(session.settings, where, repeat)


def test_a_cold_request_is_the_first_after_building(watched):
    loop = SampleLoop(watched.session, WallTimes(), 1)
    result = loop.time_row(CARD, "main", row(10))
    assert result.errors == []
    assert {name: set(cold) for name, cold in result.cold_timings.items()} == {
        name: set(METHODS) for name in BOTH
    }
    c2c, base = (Turn(method, "eager", "fixed") for method in METHODS)
    new = c2c._replace(runtime="moves")
    assert watched.calls[:2] == [("time_request", c2c), ("time_request", base)]
    assert watched.calls[2:5] == [("given up", new), ("make_ready", new), ("time_request", new)]


def test_every_request_of_a_new_length_is_rehearsed_before_the_first_is_timed(watched):
    session, walls = watched.session, WallTimes()
    loop = SampleLoop(session, walls, 1)
    loop.time_row(CARD, "main", row(10))
    for words, is_new in ((40, True), (40, False), (10, False), (90, True)):
        watched.calls.clear()
        before = dict(session.running["moves"].builder.built), walls.seconds["building"]
        result = loop.time_row(CARD, "main", row(words))
        assert result.errors == []
        orders = [order_of(session, row(words), repeat) for repeat in (1, 2)]
        every = [turn for order in orders for turn in order]
        timed = watched.calls[-len(every) :]
        assert timed == [("time_request", turn) for turn in every]
        assert [(r["method"], r["runtime"], r["length_view"]) for r in result.records] == every
        assert len(watched.turns("given up")) == is_new
        assert watched.turns("make_ready") == (orders[0] if is_new else [])
        built = dict(session.running["moves"].builder.built), walls.seconds["building"]
        assert (built != before) == is_new


def test_at_each_length_every_runtime_answers_the_same(watched):
    result = SampleLoop(watched.session, WallTimes(), 1).time_row(CARD, "main", row(10))
    answers = {}
    for record in result.records:
        key = (record["method"], record["length_view"])
        answers.setdefault(key, set()).add(record["response"])
        if record["length_view"] == "fixed":
            assert record["timing"]["num_steps_run"] == 3
    assert len(answers) == len(METHODS) * len(VIEWS)
    assert all(len(found) == 1 for found in answers.values())


def test_what_fails_in_its_rehearsal_fails_alone_and_once(watched, monkeypatch):
    session = watched.session
    loop, make_ready = SampleLoop(session, WallTimes(), 1), session.make_ready
    loop.time_row(CARD, "main", row(10))

    def refuse(trial):
        if (trial.method, trial.runtime) == ("c2c", "moves"):
            raise RuntimeError("no kernel for this length")
        make_ready(trial)

    monkeypatch.setattr(session, "make_ready", refuse)
    result = loop.time_row(CARD, "main", row(40))
    assert [(e["method"], e["runtime"]) for e in result.errors] == [("c2c", "moves")]
    assert len(result.records) == 3 * len(VIEWS) * 2


def out_of_memory(times):
    """Prefills that do not fit so many times, as on a device that is full."""
    left = [times]

    def refuse():
        left[0] -= 1
        if left[0] >= 0:
            raise torch.OutOfMemoryError("CUDA out of memory")

    return refuse


@pytest.mark.parametrize("times", [1, 2])
def test_where_memory_runs_out_what_was_built_goes_and_the_request_is_built_again(
    watched, monkeypatch, times
):
    session = watched.session
    loop = SampleLoop(session, WallTimes(), 1)
    loop.time_row(CARD, "main", row(10))
    moves = session.running["moves"]
    kept = set(moves.base._caches.pieces)
    refuse, make = out_of_memory(times), moves.base._caches._make
    monkeypatch.setattr(moves.base._caches, "_make", lambda size: (refuse(), make(size))[1])
    watched.calls.clear()
    result = loop.time_row(CARD, "main", row(150))
    assert not kept & set(moves.base._caches.pieces)
    assert len(result.errors) == times - 1
    lost = {(error["method"], error["runtime"]) for error in result.errors}
    assert len(result.records) == (4 - len(lost)) * len(VIEWS) * 2
    assert all("out of memory" in error["message"] for error in result.errors)


def test_requests_that_memory_does_not_hold_together_are_built_one_by_one(watched, monkeypatch):
    session = watched.session
    loop, make_ready = SampleLoop(session, WallTimes(), 1), session.make_ready
    loop.time_row(CARD, "main", row(10))

    def release_first(trial):
        session._release_runtimes()
        make_ready(trial)

    monkeypatch.setattr(session, "make_ready", release_first)
    result = loop.time_row(CARD, "main", row(40))
    assert result.errors == []
    assert len(result.records) == 2 * 4 * 2


@pytest.mark.skipif(not peak_memory.FORGET.exists(), reason="memory is known on Linux only")
def test_what_a_runtime_holds_is_told_apart_from_the_others(watched, monkeypatch):
    session, size = watched.session, 200 * MIB
    moves = session.running["moves"]
    make = moves.base._caches._make
    ballast = []

    def make_large(capacity):
        ballast.append(torch.ones(size, dtype=torch.uint8))
        return make(capacity)

    monkeypatch.setattr(moves.base._caches, "_make", make_large)
    result = SampleLoop(session, WallTimes(), 1).time_row(CARD, "main", row(10))
    held = len(ballast) * size
    assert held and session.held_bytes["moves"] == pytest.approx(held, abs=100 * MIB)
    for record in result.records:
        others = record["other_runtimes_bytes"]
        expected = held if record["runtime"] == "eager" else 0
        assert others == pytest.approx(expected, abs=100 * MIB)
        assert record["peak_memory_bytes"] > others


def test_the_run_says_what_its_cold_requests_follow(watched, tmp_path):
    output = tmp_path / "prompts_timing.jsonl"
    time_batches([(CARD, "main", [row(10)])], watched.session, WallTimes(), output)
    run = json.loads((tmp_path / "prompts_run.json").read_text())
    assert run["cold_requests_follow"] == {"eager": "loading", "moves": "building"}
    assert set(run["runtimes_held_bytes"]) in ({"eager", "moves"}, set())
