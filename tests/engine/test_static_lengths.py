"""Static moves at every length: around the edges of buckets, growing, shrinking, a thousand times."""

from __future__ import annotations

import gc
import random
import weakref

import pytest
from engine.ladder import CPU, assert_same, make_pair, opened, outcome, prompt, some_ids
from hypothesis import given
from hypothesis import strategies as st

from c2c_timing.engine.decoding import Decoding
from c2c_timing.engine.request import TextSpan, build_request
from c2c_timing.engine.runtimes import NotReadyError
from c2c_timing.engine.static import moves as static_moves
from c2c_timing.engine.static.buckets import FEWEST_CAPACITY, capacity_bucket, padded
from c2c_timing.engine.static.moves import MOST_CAPACITIES
from c2c_timing.methods import base as base_alone
from c2c_timing.methods import c2c
from c2c_timing.methods import teacher as teacher_alone

LENGTHS = st.integers(1, 1 << 20)
# One token waits for the first decode step: prompts of n + 1 prefill n.
EDGES = (127, 128, 129, 130, 143, 144, 145, 146, 255, 256, 257, 258, 511, 512, 513, 514)


@given(LENGTHS, LENGTHS)
def test_a_prompt_is_padded_by_an_eighth_at_most(tokens, other):
    assert 0 <= padded(tokens) - tokens <= tokens / 8
    assert padded(padded(tokens)) == padded(tokens)
    assert (tokens <= other) <= (padded(tokens) <= padded(other))


@given(st.integers(1, 1 << 14), st.integers(0, 1 << 14))
def test_where_room_is_short_the_bucket_is_finer(tokens, more):
    size = padded(tokens, tokens + more)
    assert tokens <= size <= tokens + more
    assert size == padded(tokens) or more < padded(tokens) - tokens


@pytest.mark.parametrize("tokens", [18, 130, 520, 2100, 8200])
def test_room_is_no_bucket_of_its_own(tokens):
    """Chats whose sections begin anywhere share what was built for a section's length."""
    rooms = range(tokens, 2 * tokens)
    assert len({padded(tokens, room) for room in rooms}) <= tokens.bit_length()


@given(LENGTHS, LENGTHS)
def test_a_cache_is_at_most_an_eighth_too_large(tokens, other):
    least = max(tokens, FEWEST_CAPACITY)
    assert 0 <= capacity_bucket(tokens) - least <= least / 8
    assert (tokens <= other) <= (capacity_bucket(tokens) <= capacity_bucket(other))


def test_lengths_share_few_buckets():
    assert len({padded(n) for n in range(1, 8193)}) <= 8 * 13 + 1


def pair_and_runtimes(*arguments, **config):
    pair = make_pair(*arguments, **config)
    return pair, opened("eager", pair), opened("moves", pair)


def shuffled(lengths):
    lengths = list(lengths)
    random.Random(3).shuffle(lengths)
    return lengths


@pytest.mark.parametrize(
    ("base", "lengths"),
    [
        ("qwen3", range(2, 81)),
        ("qwen3", range(80, 1, -1)),
        ("gemma3_text", shuffled(range(2, 81))),
        ("qwen3", EDGES),
        ("gemma3_text", shuffled(EDGES)),
    ],
    ids=["growing", "shrinking", "shuffled", "edges", "edges shuffled"],
)
def test_one_loaded_pair_at_every_length(base, lengths):
    pair, eager, moves = pair_and_runtimes(base, ["llama"], max_position_embeddings=640)
    for length in lengths:
        request = prompt(pair, length, 3, seed=length)
        assert_same(outcome(moves, c2c, request), outcome(eager, c2c, request))


@pytest.mark.parametrize("base", ["gpt2", "qwen2", "mistral"])
@pytest.mark.parametrize("new_tokens", [1, 2, 9])
def test_decoding_over_the_edge_of_a_capacity(base, new_tokens):
    """The last step writes the last place of the buffer, or the one before, or of the next size."""
    pair, eager, moves = pair_and_runtimes(base, ["llama"])
    for capacity in (63, 64, 65, 72, 73, 128, 129):
        request = prompt(pair, capacity - new_tokens, new_tokens)
        assert request.capacity == capacity
        assert_same(outcome(moves, c2c, request), outcome(eager, c2c, request))


def test_a_long_answer_after_a_short_one():
    pair, eager, moves = pair_and_runtimes("qwen3", ["gpt2"])
    for new_tokens in (2, 150, 3, 300, 2):
        request = prompt(pair, 12, new_tokens)
        assert_same(outcome(moves, c2c, request), outcome(eager, c2c, request))


@pytest.mark.parametrize("architecture", ["gpt2", "qwen3", "gemma3_text"])
@pytest.mark.parametrize("window", [100, 150, 512])
@pytest.mark.parametrize("new_tokens", [1, 5])
def test_a_prompt_that_fills_the_context_window(architecture, window, new_tokens):
    pair, eager, moves = pair_and_runtimes(
        architecture, [architecture], max_position_embeddings=window
    )
    request = prompt(pair, window - new_tokens, new_tokens)
    for method in (base_alone, c2c):
        assert_same(outcome(moves, method, request), outcome(eager, method, request))


@pytest.mark.parametrize("architecture", ["gpt2", "qwen3", "mistral"])
@pytest.mark.parametrize(("first", "second"), [(9, 54), (5, 58), (25, 38), (13, 50)])
def test_a_later_section_whose_padding_passes_the_capacity(architecture, first, second):
    _, eager, moves = pair_and_runtimes(architecture, [architecture], max_position_embeddings=64)
    assert first + second == 63 and first + padded(second - 1) > 64
    for beside in (first, first - 1):
        spans = [
            TextSpan(some_ids(first), [some_ids(beside, 1)], False),
            TextSpan(some_ids(second, 2), [some_ids(second, 3)], True),
        ]
        request = build_request(spans, Decoding(1, ignore_eos=True), CPU)
        assert request.capacity == 64
        assert_same(outcome(moves, c2c, request), outcome(eager, c2c, request))


def held(moves):
    """Caches that something built holds on to."""
    return {id(part) for key in moves.builder._ready for part in key if hasattr(part, "set_back")}


def kept(moves):
    return [
        cache for each in (moves.base, *moves.teachers) for cache in each._caches.pieces.values()
    ]


def chat(before: int, content: int, teachers: int):
    """Message content after templates, of which the teachers' are one token longer each."""
    beside = range(1, teachers + 1)
    spans = [
        TextSpan(some_ids(before), [some_ids(before + n, n) for n in beside], False),
        TextSpan(some_ids(content, 4), [some_ids(content, 4 + n) for n in beside], True),
        TextSpan(some_ids(3, 8), [some_ids(3, 8)] * teachers, False),
    ]
    return build_request(spans, Decoding(3, ignore_eos=True), CPU)


@pytest.mark.parametrize("mode", ["sequential", "parallel"])
@pytest.mark.parametrize(
    ("base", "teachers"), [("qwen3", ["llama", "gpt2"]), ("gemma3_text", ["qwen3"])]
)
def test_where_content_begins_is_no_reason_to_build(base, teachers, mode):
    _, eager, moves = pair_and_runtimes(base, teachers, mode)
    for before in (0, *shuffled(range(1, 14)), 0):
        request = chat(before, 20, len(teachers))
        assert request.capacity <= FEWEST_CAPACITY
        assert_same(outcome(moves, c2c, request), outcome(eager, c2c, request))
    names = [name for name, *_ in moves.builder._ready if name[0] == "projection"]
    assert names == [("projection", 20, True)]


@pytest.mark.parametrize("base", ["qwen3", "gpt2"])
def test_content_whose_bucket_passes_the_capacity_is_built_once(base):
    _, eager, moves = pair_and_runtimes(base, [base])
    for before in range(20, 24):
        request = chat(before, 290, 1)
        assert before + padded(290) > capacity_bucket(request.capacity) == 320
        assert_same(outcome(moves, c2c, request), outcome(eager, c2c, request))
    names = {name for name, *_ in moves.builder._ready}
    assert {name[1] for name in names if name[0] == "projection"} == {296}
    assert {name[1] for name in names if name[0] == "prefill" and name[1] > 200} == {296}


def test_prompts_are_let_go_with_what_was_built_around_them(monkeypatch):
    monkeypatch.setattr(static_moves, "MOST_PROMPTS", 2)
    pair, eager, moves = pair_and_runtimes("qwen3", ["llama"])
    for length in (10, 20, 30, 20, 10):
        request = prompt(pair, length, 2)
        assert_same(outcome(moves, c2c, request), outcome(eager, c2c, request))
    kept_prompts = {
        id(each)
        for model in (moves.base, *moves.teachers)
        for each in model._prompts.pieces.values()
    }
    assert len(kept_prompts) == 4
    read = [key[2] for key in moves.builder._ready if key[0][0] == "prefill"]
    assert {id(each) for each in read} == kept_prompts


def test_all_that_is_kept_can_be_let_go_and_is_built_again():
    pair, _, moves = pair_and_runtimes("qwen3", ["llama"])
    wanted = outcome(moves, c2c, prompt(pair, 20))
    caches = [weakref.ref(cache) for cache in kept(moves)]
    moves.builder.release()
    gc.collect()
    assert [cache() for cache in caches] == [None, None]
    assert (kept(moves), moves.builder._ready) == ([], {})
    with moves.builder.sealed(), pytest.raises(NotReadyError):
        outcome(moves, c2c, prompt(pair, 20))
    assert_same(outcome(moves, c2c, prompt(pair, 20)), wanted)


def test_a_thousand_requests_on_one_pair():
    pair, eager, moves = pair_and_runtimes("llama", ["llama"])
    draw = random.Random(5)
    for number in range(1000):
        method = draw.choices((c2c, base_alone, teacher_alone), (4, 1, 1))[0]
        request = prompt(pair, draw.randrange(2, 40), draw.choice((1, 1, 2, 30, 60, 99)), number)
        if draw.random() < 0.1:  # a long buffer, a short answer
            request = prompt(pair, draw.randrange(40, 330), 1, number)
        found = outcome(moves, method, request.shortened(3))
        if number % 20 == 0 or number > 980:
            assert_same(found, outcome(eager, method, request.shortened(3)))
        for each in (moves.base, *moves.teachers):
            assert len(each._caches.pieces) <= MOST_CAPACITIES
        assert held(moves) <= {id(cache) for cache in kept(moves)}
    assert moves.builder.built["moves"] > len(moves.builder._ready)  # some were forgotten


def test_what_was_built_around_a_teachers_cache_goes_with_it():
    pair, _, moves = pair_and_runtimes("llama", ["llama"])
    outcome(moves, c2c, prompt(pair, 10, 2))
    for capacity in range(100, 100 + 40 * MOST_CAPACITIES, 40):
        outcome(moves, teacher_alone, prompt(pair, capacity, 1))
    assert held(moves) <= {id(cache) for cache in kept(moves)}
