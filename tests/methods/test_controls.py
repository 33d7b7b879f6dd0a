"""Controls: what is taken away is taken away, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from engine.tiny_models import tiny_model
from hypothesis import given, settings
from hypothesis import strategies as st

from c2c_timing.engine.decoding import Decoding
from c2c_timing.engine.fuser import dummy_fuser
from c2c_timing.engine.pair import ModelPair
from c2c_timing.engine.request import TextSpan, build_request, same_ids, with_teacher_text_of
from c2c_timing.errors import SampleError
from c2c_timing.meters.clock import StageClock
from c2c_timing.methods.alone import run_base
from c2c_timing.methods.c2c import run_c2c
from c2c_timing.methods.controls import run_c2c_closed, run_c2c_shuffled
from c2c_timing.record import timing_of
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


def run(arm, pair, request):
    """Answer, stages in their order, and the base's cache after it."""
    caches, new_cache = [], pair.base.new_cache

    def keep(capacity):
        caches.append(new_cache(capacity))
        return caches[-1]

    clock = StageClock()
    pair.base.new_cache = keep
    try:
        with torch.inference_mode():
            answer = arm(pair, request, clock)
    finally:
        del pair.base.new_cache
    return answer, clock.read(), caches[0]


@pytest.mark.parametrize("seed", range(3))
def test_closed_gates_answer_as_the_base_does(pair, seed):
    request = request_of(seed, 31)
    alone, _, _ = run(run_base, pair, request)
    closed, reading, cache = run(run_c2c_closed, pair, request)
    open_, _, _ = run(run_c2c, pair, request)
    assert closed.ids == alone.ids != open_.ids
    assert closed.projector_calls == 0
    timing = timing_of(reading, closed.projector_calls, 0.0)
    assert timing["projector_avg_ms"] is None
    assert timing["teacher_prefill_ms"] is not None
    untouched = pair.base.new_cache(30)
    with torch.inference_mode():
        pair.base.prefill(pair.base.embed(request.base_ids[:, :-1]), untouched)
    for layer, expected in zip(cache.layers, untouched.layers, strict=True):
        assert torch.equal(layer.span(0, 30)[0], expected.span(0, 30)[0])
        assert torch.equal(layer.span(0, 30)[1], expected.span(0, 30)[1])
    assert [len(fuser.connections) for fuser in pair.fusers] == [3, 3], "the pair itself stays open"


@pytest.mark.parametrize("other_tokens", [12, 31, 60])
def test_shuffled_costs_the_same_and_carries_another_cache(pair, other_tokens):
    request = with_teacher_text_of(request_of(1, 31), request_of(2, other_tokens))
    own, own_reading, own_cache = run(run_c2c, pair, request)
    shuffled, reading, cache = run(run_c2c_shuffled, pair, request)
    assert shuffled.projector_calls == own.projector_calls == 6
    assert [stage for stage, _ in reading.marks] == [stage for stage, _ in own_reading.marks]
    assert Stage.PROJECTOR in dict(reading.marks)
    keys, own_keys = cache.layers[-1].span(0, 30)[0], own_cache.layers[-1].span(0, 30)[0]
    assert not torch.allclose(keys, own_keys)
    assert keys.shape == own_keys.shape


def test_shuffled_is_c2c_when_the_other_sample_has_the_same_text(pair):
    request = with_teacher_text_of(request_of(1, 31), request_of(1, 31))
    assert run(run_c2c_shuffled, pair, request)[0].ids == run(run_c2c, pair, request)[0].ids


def test_shuffled_without_another_sample_is_an_error(pair):
    with pytest.raises(SampleError, match="another readable sample"):
        run_c2c_shuffled(pair, request_of(1, 31), StageClock())


def spans_of(sizes):
    return [TextSpan(range(10, 10 + base), [range(100, 100 + teacher)], is_projected)
            for base, teacher, is_projected in sizes]  # fmt: skip


SIZES = st.lists(
    st.tuples(st.integers(1, 6), st.integers(1, 6), st.booleans()), min_size=2, max_size=6
)


@settings(deadline=None)
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
    assert both.sections == request.sections
    text = [i for _, size, _ in other for i in range(100, 100 + size)]
    for before, after in zip(request.sections, both.shuffled_sections, strict=True):
        assert [ids.shape for ids in after.teacher_ids] == [ids.shape for ids in before.teacher_ids]
        assert replace(after, teacher_ids=before.teacher_ids) == before
        assert all(i in text for ids in after.teacher_ids for i in ids[0].tolist())


def test_a_shorter_text_begins_again_and_a_longer_one_is_cut():
    request, other = request_of(1, 8, 1), request_of(2, 4, 1)
    theirs = other.base_ids[0].tolist()
    short = with_teacher_text_of(request, other).shuffled_sections[0].teacher_ids[0][0].tolist()
    assert short == (theirs[:3] * 3)[:7]
    long = with_teacher_text_of(other, request).shuffled_sections[0].teacher_ids[0][0].tolist()
    assert long == request.base_ids[0].tolist()[:3]
