"""Controls: what is taken away is taken away, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from engine.running import run
from engine.tiny_models import tiny_model
from hypothesis import given
from hypothesis import strategies as st

from c2c_timing.cards.pair_card import load_pair_card
from c2c_timing.data.prompts import Prompt
from c2c_timing.engine.decoding import Decoding
from c2c_timing.engine.fuser import dummy_fuser
from c2c_timing.engine.pair import ModelPair
from c2c_timing.engine.prompt_ids import TokenizedPrompt
from c2c_timing.engine.request import TextSpan, build_request, same_ids, with_teacher_text_of
from c2c_timing.engine.runtimes.eager import EagerMoves
from c2c_timing.errors import SampleError
from c2c_timing.methods import base, c2c, c2c_closed, c2c_shuffled
from c2c_timing.methods.task import Sample
from c2c_timing.prepare import no_other
from c2c_timing.record import timing_of
from c2c_timing.settings import RunSettings
from c2c_timing.stages import Stage

NEW_TOKENS = 10
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def pair():
    base, teachers = tiny_model("qwen3"), [tiny_model("qwen2", 1), tiny_model("llama", 2)]
    fusers = [
        dummy_fuser(base.kv_shapes, lm.kv_shapes, "last_aligned", 24, 40, 3).eval()
        for lm in teachers
    ]
    return ModelPair(base, teachers, fusers, "sequential", CPU)


def request_of(seed, tokens, teachers=2):
    ids = torch.randint(0, 300, (tokens,), generator=torch.Generator().manual_seed(seed)).tolist()
    return build_request(same_ids(ids, teachers), Decoding(NEW_TOKENS, ignore_eos=True), CPU)


def sample_of(pair, request, other=no_other):
    """A sample whose prompt nobody wrote."""
    tokenized = TokenizedPrompt("", request, tokenize_ms=0.0, align_ms=0.0)
    prompt, settings = Prompt([], chat=False), RunSettings(load_pair_card("tiny"))
    return Sample("x", pair, settings, prompt, tokenized, other)


def shuffled_task(pair, request, lent):
    return c2c_shuffled.prepare(sample_of(pair, request, lambda: sample_of(pair, lent)))


@pytest.mark.parametrize("seed", range(3))
def test_closed_gates_answer_as_the_base_does(pair, seed):
    request = request_of(seed, 31)
    alone, _, _ = run(base, pair, request)
    closed, reading, cache = run(c2c_closed, pair, request)
    open_, _, _ = run(c2c, pair, request)
    assert closed.ids == alone.ids != open_.ids
    assert closed.projector_calls == 0
    timing = timing_of(reading, closed.projector_calls, 0.0)
    assert timing["projector_avg_ms"] is None
    assert timing["teacher_prefill_ms"] is not None
    moves = EagerMoves(pair.base)
    untouched = moves.new_cache(30)
    with torch.inference_mode():
        moves.prefill(moves.embed(request.base_ids[:, :-1]), untouched)
    for layer, expected in zip(cache.layers, untouched.layers, strict=True):
        assert torch.equal(layer.span(0, 30)[0], expected.span(0, 30)[0])
        assert torch.equal(layer.span(0, 30)[1], expected.span(0, 30)[1])
    assert [len(fuser.connections) for fuser in pair.fusers] == [3, 3], "the pair itself stays open"


@pytest.mark.parametrize("other_tokens", [12, 31, 60])
def test_shuffled_costs_the_same_and_carries_another_cache(pair, other_tokens):
    request = request_of(1, 31)
    own, own_reading, own_cache = run(c2c, pair, request)
    task = shuffled_task(pair, request, request_of(2, other_tokens))
    shuffled, reading, cache = run(c2c_shuffled, pair, task)
    assert shuffled.projector_calls == own.projector_calls == 6
    assert [stage for stage, _ in reading.marks] == [stage for stage, _ in own_reading.marks]
    assert Stage.PROJECTOR in dict(reading.marks)
    keys, own_keys = cache.layers[-1].span(0, 30)[0], own_cache.layers[-1].span(0, 30)[0]
    assert not torch.allclose(keys, own_keys)
    assert keys.shape == own_keys.shape


def test_shuffled_is_c2c_when_the_other_sample_has_the_same_text(pair):
    request = request_of(1, 31)
    task = shuffled_task(pair, request, request_of(1, 31))
    assert run(c2c_shuffled, pair, task)[0].ids == run(c2c, pair, request)[0].ids


def test_shuffled_without_another_sample_is_an_error(pair):
    with pytest.raises(SampleError, match="another readable sample"):
        c2c_shuffled.prepare(sample_of(pair, request_of(1, 31)))


def spans_of(sizes):
    return [TextSpan(range(10, 10 + base), [range(100, 100 + teacher)], is_projected)
            for base, teacher, is_projected in sizes]  # fmt: skip


SIZES = st.lists(
    st.tuples(st.integers(1, 6), st.integers(1, 6), st.booleans()), min_size=2, max_size=6
)


@given(SIZES, SIZES)
def test_teachers_read_as_many_tokens_as_before_in_every_section(own, other):
    # projected stretches have one teacher token beside each base token
    own = [(base, base if projected else teacher, projected) for base, teacher, projected in own]
    decoding = Decoding(NEW_TOKENS)
    request, lent = (build_request(spans_of(sizes), decoding, CPU) for sizes in (own, other))
    if not any(section.teacher_ids for section in lent.sections):
        with pytest.raises(ValueError, match="read nothing"):
            with_teacher_text_of(request, lent)
        return
    both = with_teacher_text_of(request, lent)
    assert replace(both, sections=request.sections) == request
    text = [i for _, size, _ in other for i in range(100, 100 + size)]
    for before, after in zip(request.sections, both.sections, strict=True):
        assert [ids.shape for ids in after.teacher_ids] == [ids.shape for ids in before.teacher_ids]
        assert replace(after, teacher_ids=before.teacher_ids) == before
        assert all(i in text for ids in after.teacher_ids for i in ids[0].tolist())


def test_a_shorter_text_begins_again_and_a_longer_one_is_cut():
    request, other = request_of(1, 8, 1), request_of(2, 4, 1)
    theirs = other.base_ids[0].tolist()
    short = with_teacher_text_of(request, other).sections[0].teacher_ids[0][0].tolist()
    assert short == (theirs[:3] * 3)[:7]
    long = with_teacher_text_of(other, request).sections[0].teacher_ids[0][0].tolist()
    assert long == request.base_ids[0].tolist()[:3]
