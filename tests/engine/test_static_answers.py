"""Where an answer ends under static moves, read at once or one step behind; and what may be built."""

from __future__ import annotations

from dataclasses import replace

import pytest
from engine.ladder import assert_same, make_pair, opened, outcome, prompt

from c2c_timing.cards.dataset_card import load_dataset_card
from c2c_timing.cards.pair_card import load_pair_card
from c2c_timing.data.sources import read_rows
from c2c_timing.engine import runtimes
from c2c_timing.engine.decoding import ReadAtOnce
from c2c_timing.engine.runtimes import NotReadyError
from c2c_timing.errors import UserError
from c2c_timing.meters.wall_times import WallTimes
from c2c_timing.methods import base as base_alone
from c2c_timing.methods import c2c
from c2c_timing.record import timing_of
from c2c_timing.runtime_table import CALLS, RUNTIMES, RuntimeRow
from c2c_timing.session import Session
from c2c_timing.settings import RunSettings
from c2c_timing.shard.sample_loop import SampleLoop
from c2c_timing.stages import Stage

NEW_TOKENS = 8


class ReadOneBehind:
    """What ``ReadBehind`` does on CUDA: the token of a step is known while the next one runs."""

    is_behind = True

    def __init__(self):
        self._tokens = []

    def read(self, token):
        self._tokens.append(token.clone())
        return int(self._tokens[-2]) if len(self._tokens) > 1 else None

    def last(self):
        return int(self._tokens[-1])


@pytest.fixture(scope="module")
def answered():
    """A pair, a request whose fixed answer repeats no token, and that answer."""
    pair = make_pair("qwen3", ["qwen2"])
    eager = opened("eager", pair)
    for seed in range(200):
        request = prompt(pair, 21, NEW_TOKENS, seed)
        ids = outcome(eager, c2c, request).answer.ids
        if len(set(ids)) == NEW_TOKENS:
            return pair, request.at_length("natural"), ids
    raise AssertionError("no such prompt")


@pytest.mark.parametrize("runtime", ["eager", "fused", "moves"])
@pytest.mark.parametrize("reader", [ReadAtOnce, ReadOneBehind])
@pytest.mark.parametrize("kept", [*range(1, NEW_TOKENS + 1), None])
def test_an_answer_ends_with_its_stop_token(answered, runtime, reader, kept, monkeypatch):
    pair, request, ids = answered
    stops = {ids[kept - 1]} if kept else {299}
    assert kept or 299 not in ids
    monkeypatch.setattr(pair.base, "eos_ids", frozenset(stops))
    found = outcome(opened(runtime, pair), c2c, request, reader)
    steps = kept or NEW_TOKENS
    assert found.answer.ids == ids[:steps]
    assert len(found.reading.durations_ms(Stage.DECODE)) == steps
    # One step ran meanwhile, where there was one left to run.
    ran = steps + (reader is ReadOneBehind and steps < NEW_TOKENS)
    timing = timing_of(found.reading, found.answer.projector_calls, 0.0)
    assert found.reading.taken_back == ran - steps
    assert (timing["num_generated_tokens"], timing["num_steps_run"]) == (steps, ran)
    assert sum(ms for _, ms in found.reading.marks) <= found.reading.wall_ms


def test_a_step_too_many_leaves_nothing_to_the_next_request(answered, monkeypatch):
    pair, request, ids = answered
    moves = opened("moves", pair)
    wanted = outcome(opened("eager", pair), c2c, request.at_length("fixed"))
    for place in (0, 3, NEW_TOKENS - 2):
        monkeypatch.setattr(pair.base, "eos_ids", frozenset({ids[place]}))
        outcome(moves, c2c, request, ReadOneBehind)
        assert_same(outcome(moves, c2c, request.at_length("fixed"), ReadOneBehind), wanted)


def test_a_sampled_answer_read_behind(answered, monkeypatch):
    pair, request, _ = answered
    decoding = replace(request.decoding, temperature=1.5, seed=3)
    request = replace(request, decoding=decoding)
    wanted = outcome(opened("eager", pair), c2c, request)
    found = outcome(opened("moves", pair), c2c, request, ReadOneBehind)
    assert found.answer.ids == wanted.answer.ids


def test_a_sealed_request_builds_nothing_and_says_so():
    pair = make_pair("qwen3", ["qwen2"])
    moves = opened("moves", pair)
    builder = moves.builder
    with builder.sealed(), pytest.raises(NotReadyError):
        outcome(moves, c2c, prompt(pair, 20))
    assert builder.built == {"moves": 0}
    wanted = outcome(moves, c2c, prompt(pair, 20))
    built = dict(builder.built)
    assert built["moves"] > 0
    with builder.sealed():
        assert_same(outcome(moves, c2c, prompt(pair, 20)), wanted)
        assert_same(outcome(moves, c2c, prompt(pair, 20)), wanted)
        # Longer in the prompt, in the answer, in another way of choosing: each is new.
        for request in (
            prompt(pair, 30),
            prompt(pair, 20, 90),
            prompt(pair, 20, temperature=1.0),
        ):
            with pytest.raises(NotReadyError):
                outcome(moves, c2c, request)
    assert builder.built == built
    assert_same(outcome(moves, c2c, prompt(pair, 20)), wanted)  # after the failed ones


def test_lengths_of_one_bucket_are_ready_together():
    pair = make_pair("qwen3", ["qwen2"])
    moves, eager = opened("moves", pair), opened("eager", pair)
    outcome(moves, c2c, prompt(pair, 40))
    with moves.builder.sealed():
        for length in (38, 39, 41):  # 37 to 40 tokens are prefilled
            request = prompt(pair, length)
            assert_same(outcome(moves, c2c, request), outcome(eager, c2c, request))


@pytest.fixture
def session(tmp_path, monkeypatch):
    """The tiny pair under eager and static moves."""
    (tmp_path / "moves.py").write_text(
        "from ..static.kit import Kit\n"
        "from ..static.pair import open_static\n\n\n"
        "def open_pair(pair):\n"
        '    return open_static("moves", pair, Kit())\n'
    )
    monkeypatch.setattr(runtimes, "__path__", [*runtimes.__path__, str(tmp_path)])
    monkeypatch.setitem(RUNTIMES, "moves", RuntimeRow("moves", "static moves", ("cpu",), CALLS))
    settings = RunSettings(
        load_pair_card("tiny"), methods=("c2c", "base"), runtimes=("eager", "moves"),
        max_new_tokens=3, length_views=("fixed", "natural"), device="cpu",
    )  # fmt: skip
    return Session(settings, WallTimes())


def test_a_new_length_is_rehearsed_once_and_booked_as_building(session, monkeypatch):
    card, walls = load_dataset_card("gsm8k"), WallTimes()
    loop, rehearsed = SampleLoop(session, walls, 1), []
    make_ready = session.make_ready
    monkeypatch.setattr(
        session, "make_ready", lambda trial: (rehearsed.append(trial.runtime), make_ready(trial))
    )
    rows = iter(read_rows(card, "main", session.settings.source))
    row = next(rows)
    result = loop.time_row(card, "main", row)
    assert result.errors == []
    assert len(result.records) == 2 * 2 * 2
    assert walls.seconds["building"] > 0
    assert set(rehearsed) == {"moves"}
    assert 1 <= len(rehearsed) <= 2  # no more than one a method
    assert all(record["timing"]["num_steps_run"] == 3 for record in result.records
               if record["length_view"] == "fixed")  # fmt: skip
    answers = {}
    for record in result.records:
        key = (record["method"], record["length_view"])
        answers.setdefault(key, set()).add(record["response"])
    assert all(len(found) == 1 for found in answers.values())

    built, booked = dict(session.running["moves"].builder.built), walls.seconds["building"]
    rehearsed.clear()
    again = loop.time_row(card, "main", row)
    assert len(again.records) == len(result.records)
    assert (rehearsed, walls.seconds["building"]) == ([], booked)
    assert session.running["moves"].builder.built == built


@pytest.mark.parametrize(
    ("architecture", "changes", "why"),
    [
        ("llama", {"rope_parameters": {"rope_type": "dynamic", "factor": 2.0,
                                       "rope_theta": 1e4}}, "rotary"),
        ("llama", {"rope_parameters": {"rope_type": "longrope", "rope_theta": 1e4, "factor": 2.0,
                                       "original_max_position_embeddings": 256,
                                       "short_factor": [1.0] * 4,
                                       "long_factor": [2.0] * 4}}, "rotary"),
        ("gemma3_text", {"attn_logit_softcapping": 20.0}, "soft cap"),
    ],
    ids=["dynamic", "longrope", "soft cap"],
)  # fmt: skip
@pytest.mark.parametrize("runtime", ["moves", "compiled"])
@pytest.mark.parametrize("place", ["base", "teacher"])
def test_what_would_be_computed_wrongly_is_refused(architecture, changes, why, runtime, place):
    pair = make_pair("qwen2", ["qwen2"])
    refused = make_pair(architecture, ["qwen2"], **changes)
    pair = refused if place == "base" else replace(pair, teachers=[refused.base])
    with pytest.raises(UserError, match=why) as error:
        opened(runtime, pair)
    (line,) = str(error.value).splitlines()
    assert line.endswith("use fused")
    assert architecture in line
    if place == "base":
        request = prompt(pair, 20)
        assert_same(
            outcome(opened("fused", pair), c2c, request),
            outcome(opened("eager", pair), c2c, request),
        )


def test_graphs_do_not_run_on_a_cpu():
    with pytest.raises(UserError) as error:
        runtimes.open_pair("graphs", make_pair())
    (line,) = str(error.value).splitlines()
    assert line == "runtime graphs runs on cuda, not on cpu; here run: eager, fused, compiled"


def test_compiled_needs_a_compiler(monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(UserError, match=r"compiler.*use fused"):
        runtimes.open_pair("compiled", make_pair())


@pytest.mark.parametrize("runtime", ["eager", "fused", "moves"])
def test_the_base_alone_ends_too(answered, runtime, monkeypatch):
    pair, request, _ = answered
    ids = outcome(opened("eager", pair), base_alone, request.at_length("fixed")).answer.ids
    monkeypatch.setattr(pair.base, "eos_ids", frozenset({ids[0]}))
    found = outcome(opened(runtime, pair), base_alone, request, ReadOneBehind)
    assert found.answer.ids == ids[:1]
