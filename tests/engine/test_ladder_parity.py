"""Every runtime computes what eager computes: tokens, and what is in the caches afterwards."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
from engine.ladder import (
    CPU,
    assert_same,
    make_pair,
    opened,
    outcome,
    pair_of,
    prompt,
    set_gates,
    some_ids,
)
from engine.test_parity import CASES, load_case
from engine.tiny_models import ARCHITECTURES, tiny_model
from torch import nn

from c2c_timing.engine.decoding import Decoding
from c2c_timing.engine.request import TextSpan, build_request, same_ids
from c2c_timing.methods import base as base_alone
from c2c_timing.methods import c2c, c2c_closed, t2t
from c2c_timing.methods import teacher as teacher_alone
from c2c_timing.methods.t2t import TextTask

METHODS = (base_alone, teacher_alone, c2c, c2c_closed)
OTHERS = ("fused", "moves")


def assert_ladder(pair, request, methods=METHODS):
    """Eager first, then each other runtime, then eager again: its weights have moved meanwhile."""
    eager = opened("eager", pair)
    wanted = [outcome(eager, method, request) for method in methods]
    for name in (*OTHERS, "eager"):
        running = opened(name, pair)
        for method, expected in zip(methods, wanted, strict=True):
            assert_same(outcome(running, method, request), expected)


@pytest.mark.parametrize("folder", CASES or [None], ids=lambda f: f.name if f else "none")
def test_the_reference_cases(folder):
    if folder is None:
        pytest.skip("no reference cases beside the checkout (shared/reference/)")
    case, expected, pair = load_case(folder)
    ids = expected["prompt_ids"][0].tolist()
    decoding = Decoding(case["new_tokens"], ignore_eos=True)
    request = build_request(same_ids(ids, len(pair.teachers)), decoding, CPU)
    assert_ladder(pair, request)
    # And not only among themselves.
    answer = outcome(opened("moves", pair), c2c, request).answer
    assert answer.ids == expected["generated_ids"][0].tolist()


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("length", [7, 41])
def test_every_architecture_as_base_and_as_teacher(architecture, length):
    pair = make_pair(architecture, [architecture], layer_map="k_nearest")
    assert_ladder(pair, prompt(pair, length, 12))


@pytest.mark.parametrize("mode", ["sequential", "parallel"])
@pytest.mark.parametrize(
    ("base", "teachers"),
    [
        ("qwen3", ["llama"]),
        ("gemma3_text", ["qwen2", "mistral"]),
        ("qwen2", ["gpt2", "gpt2"]),
        ("gpt2", ["qwen3", "llama", "gemma3_text"]),
    ],
)
def test_teachers_of_other_kinds_in_both_modes(base, teachers, mode):
    pair = make_pair(base, teachers, mode)
    assert_ladder(pair, prompt(pair, 37, 6), (c2c,))


@pytest.mark.parametrize("mode", ["sequential", "parallel"])
@pytest.mark.parametrize(
    "is_open",
    [
        lambda kind, number: (kind == "key") != (number % 2 == 0),
        lambda kind, number: number == 1,
        lambda kind, number: kind == "value",
        lambda kind, number: number not in (1, 2),  # what is left does not lie in a row
        lambda kind, number: False,
    ],
    ids=["alternating", "one layer", "values", "ends", "none"],
)
def test_closed_gates(is_open, mode):
    pair = make_pair("qwen2", ["llama", "qwen3"], mode)
    set_gates(pair, is_open)
    assert_ladder(pair, prompt(pair, 23), (c2c, c2c_closed))


def uneven_model(seed=0):
    """A model whose middle layer has half as many KV heads."""
    lm = tiny_model("qwen2", seed)
    attention = lm.model.model.layers[2].self_attn
    torch.manual_seed(seed)
    for name in ("k_proj", "v_proj"):
        linear = nn.Linear(32, 16)
        nn.init.normal_(linear.weight, std=0.15)
        setattr(attention, name, linear.requires_grad_(False))
    attention.num_key_value_groups = 2
    return type(lm)("uneven", lm.model, None)


@pytest.mark.parametrize("mode", ["sequential", "parallel"])
def test_layers_of_different_kv_shapes(mode):
    base, teacher = uneven_model(), uneven_model(1)
    assert len(set(base.kv_shapes)) == 2
    pair = pair_of(base, [teacher, tiny_model("qwen3", 2)], mode)
    assert_ladder(pair, prompt(pair, 29))


PREFIXED = [
    TextSpan([3, 4], [[9, 8, 7, 6, 5]], False),
    TextSpan(some_ids(13), [some_ids(13, 1)], True),
    TextSpan([8, 9, 10], [[1]], False),
    TextSpan([], [[4, 5, 6]], False),  # parts of a template that only one of them has
    TextSpan([7, 7], [[]], False),
    TextSpan(some_ids(18, 2), [some_ids(18, 3)], True),
    TextSpan([8, 9], [[1, 2]], False),
]


@pytest.mark.parametrize("architecture", ["qwen3", "gpt2", "mistral", "gemma3_text"])
@pytest.mark.parametrize("mode", ["sequential", "parallel"])
def test_aligned_sections(architecture, mode):
    pair = make_pair(architecture, [architecture], mode, "k_nearest")
    for spans in (PREFIXED, PREFIXED[1:], PREFIXED[:4]):
        assert_ladder(pair, build_request(spans, Decoding(5, ignore_eos=True), CPU))


PADDED = [
    TextSpan([3, 4, 0, 0, 0], [[9, 8, 7, 6, 5]], False, [3, 0]),
    TextSpan(some_ids(13), [some_ids(13, 1)], True),
    TextSpan([8, 9, 10], [[1, 2, 2]], False, [0, 2]),
    TextSpan(some_ids(18, 2), [some_ids(18, 3)], True),
    TextSpan([8, 9, 0], [[1, 2, 4]], False, [1, 0]),  # the first step is fed padding
]


@pytest.mark.parametrize("architecture", ["qwen3", "gpt2", "mistral", "gemma3_text"])
@pytest.mark.parametrize("how", [{}, {"temperature": 1.3}])
def test_padded_sections(architecture, how):
    """Every runtime masks the same, where windows slide, too; and none by an earlier request's mask."""
    pair = make_pair(architecture, [architecture], "sequential", "k_nearest")
    running = {name: opened(name, pair) for name in ("eager", *OTHERS)}
    decoding = Decoding(5, ignore_eos=True, **how)
    plain = [TextSpan(span.base, span.teachers, span.is_projected) for span in PADDED]
    answers = []
    for spans in (PADDED, PADDED[1:], plain, PADDED[:4], [*PADDED[3:], *PADDED[:3]], PADDED):
        request = build_request(spans, decoding, CPU)
        wanted = outcome(running["eager"], c2c, request)
        for name in OTHERS:
            assert_same(outcome(running[name], c2c, request), wanted)
        answers.append(wanted.tensors[0][-1])
    assert torch.equal(answers[0], answers[-1])
    assert not torch.allclose(answers[0], answers[2])


def test_a_padded_request_builds_nothing_the_second_time():
    pair = make_pair("qwen3", ["llama"])
    moves = opened("moves", pair)
    request = build_request(PADDED, Decoding(5, ignore_eos=True), CPU)
    outcome(moves, c2c, request)
    built, mask = (
        dict(moves.builder.built),
        [c.seen.data_ptr() for c in moves.base._caches.pieces.values()],
    )
    spans = [replace(span, padding=[n and n - 1 for n in span.padding]) for span in PADDED]
    other = build_request(spans, Decoding(5, ignore_eos=True), CPU)
    with moves.builder.sealed():
        assert_same(outcome(moves, c2c, other), outcome(opened("eager", pair), c2c, other))
    assert moves.builder.built == built
    assert [c.seen.data_ptr() for c in moves.base._caches.pieces.values()] == mask


class Watching:
    """A decoder or model that remembers which keywords it was called with."""

    def __init__(self, model):
        self._model, self.keywords = model, set()

    def __call__(self, **keywords):
        self.keywords |= set(keywords)
        return self._model(**keywords)

    def __getattr__(self, name):
        return getattr(self._model, name)


def test_no_mask_is_built_for_a_prompt_without_padding():
    pair = make_pair("qwen3", ["llama"])
    pair.base.decoder, pair.base.model = Watching(pair.base.decoder), Watching(pair.base.model)
    eager = opened("eager", pair)
    outcome(eager, c2c, prompt(pair, 20))
    outcome(eager, c2c, build_request(PREFIXED, Decoding(5), CPU))
    assert not pair.base.decoder.keywords & {"attention_mask", "position_ids"}
    assert not pair.base.model.keywords & {"attention_mask", "position_ids"}
    outcome(eager, c2c, build_request(PADDED, Decoding(5), CPU))
    assert "attention_mask" in pair.base.decoder.keywords & pair.base.model.keywords


class Relay:
    """A stand-in for an exchange of texts: the base reads some ids and the message's."""

    message_max_tokens, teacher_capacity, base_capacity = 9, 40, 60
    teacher_ids = torch.tensor([some_ids(21, 4)])

    def base_prompt(self, message):
        return SimpleNamespace(ids=torch.tensor([[*some_ids(30, 5), *message]]), facts=dict)

    facts = dict


def test_text_to_text():
    pair = make_pair("qwen3", ["gpt2"])
    task = TextTask(prompt(pair, 20, 6), 0.0, {}, Relay())
    wanted = outcome(opened("eager", pair), t2t, task)
    for name in OTHERS:
        assert_same(outcome(opened(name, pair), t2t, task), wanted)


@pytest.mark.parametrize("how", [{"temperature": 1.3}, {"temperature": 0.8, "top_p": 0.9},
                                 {"temperature": 2.0, "top_k": 5}])  # fmt: skip
def test_sampled_tokens_are_those_of_the_same_seed(how):
    pair = make_pair("qwen3", ["qwen2"])
    eager, moves, answers = opened("eager", pair), opened("moves", pair), []
    for seed in range(4):
        decoding = Decoding(10, ignore_eos=True, seed=seed, **how)
        request = replace(prompt(pair, 20, 10), decoding=decoding)
        wanted = outcome(eager, c2c, request)
        assert_same(outcome(moves, c2c, request), wanted)
        answers.append(tuple(wanted.answer.ids))
    assert len(set(answers)) > 1


def test_several_runtimes_and_methods_by_turns_on_one_pair():
    pair = make_pair("qwen3", ["qwen2"], "parallel")
    running = {name: opened(name, pair) for name in ("eager", *OTHERS)}
    for length in (30, 9, 70, 30):
        for method in METHODS:
            request = prompt(pair, length)
            wanted = outcome(running["eager"], method, request)
            for name in OTHERS:
                assert_same(outcome(running[name], method, request), wanted)
