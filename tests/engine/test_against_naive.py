"""The engine against a plain second writing of the method, in any clone."""

from __future__ import annotations

import pytest
import torch
from engine.naive import naive_c2c
from engine.running import run
from engine.tiny_models import tiny_model

from c2c_timing.engine.decoding import Decoding
from c2c_timing.engine.fuser import Fuser, dummy_fuser, project_into
from c2c_timing.engine.pair import ModelPair
from c2c_timing.engine.request import build_request, same_ids
from c2c_timing.engine.runtimes.eager import EagerMoves
from c2c_timing.methods import c2c
from c2c_timing.stages import Stage

NEW_TOKENS = 12


def make_pair(base: str, teachers: list[str], mode: str, layer_map: str) -> ModelPair:
    base_lm = tiny_model(base)
    teacher_lms = [tiny_model(name, seed) for seed, name in enumerate(teachers, 1)]
    fusers = [
        dummy_fuser(base_lm.kv_shapes, lm.kv_shapes, layer_map, 24, 40, 4).eval()
        for lm in teacher_lms
    ]
    return ModelPair(base_lm, teacher_lms, fusers, mode, torch.device("cpu"))


def close_some_gates(pair: ModelPair) -> None:
    for fuser in pair.fusers:
        fuser.connections[0].projector.key_gate_logit.data.fill_(-1.0)
        fuser.connections[1].projector.value_gate_logit.data.fill_(-1.0)
        for connection in fuser.connections:
            connection.projector.freeze_gates()


def run_naive(pair: ModelPair, ids: list[int]):
    fusers = [
        [
            (c.base_layer, c.teacher_layer, c.projector.state_dict(), c.projector.heads)
            for c in fuser.connections
        ]
        for fuser in pair.fusers
    ]
    teachers = [teacher.model for teacher in pair.teachers]
    return naive_c2c(pair.base.model, teachers, fusers, pair.fusion_mode, ids, NEW_TOKENS)


@pytest.mark.parametrize(
    ("base", "teachers", "mode", "layer_map"),
    [
        ("qwen3", ["qwen2"], "sequential", "last_aligned"),
        ("qwen3", ["llama"], "sequential", "k_nearest"),
        ("gpt2", ["qwen3"], "sequential", "last_aligned"),
        ("qwen3", ["qwen2", "llama"], "sequential", "last_aligned"),
        ("qwen3", ["qwen2", "llama"], "parallel", "k_nearest"),
    ],
)
@torch.inference_mode()
def test_fused_cache_and_answer(base, teachers, mode, layer_map):
    pair = make_pair(base, teachers, mode, layer_map)
    close_some_gates(pair)
    ids = torch.randint(0, 300, (41,), generator=torch.Generator().manual_seed(7)).tolist()
    fused, answer = run_naive(pair, ids)
    decoding = Decoding(max_new_tokens=NEW_TOKENS, ignore_eos=True)
    request = build_request(same_ids(ids, len(teachers)), decoding, pair.device)
    result, reading, cache = run(c2c, pair, request)

    assert result.ids == answer
    for layer, expected in zip(cache.layers, fused, strict=True):
        for found, wanted in zip(layer.span(0, len(ids) - 1), expected, strict=True):
            torch.testing.assert_close(found, wanted, atol=1e-4, rtol=1e-4)
    assert len(reading.durations_ms(Stage.DECODE)) == NEW_TOKENS
    assert len(reading.durations_ms(Stage.TEACHER_PREFILL)) == len(teachers)


@torch.inference_mode()
def test_closed_gates_cost_nothing_and_change_nothing():
    pair = make_pair("qwen3", ["qwen2"], "sequential", "last_aligned")
    for connection in pair.fusers[0].connections:
        connection.projector.key_gate_logit.data.fill_(0.0)
        connection.projector.value_gate_logit.data.fill_(-3.0)
        connection.projector.freeze_gates()
    fuser = Fuser(pair.fusers[0].connections)
    ids = torch.tensor([[5, 6, 7, 8]])
    base, teacher = EagerMoves(pair.base), EagerMoves(pair.teachers[0])
    cache, teacher_cache = base.new_cache(4), teacher.new_cache(4)
    base.prefill(base.embed(ids), cache)
    teacher.prefill(teacher.embed(ids), teacher_cache)
    before = [layer.keys.clone() for layer in cache.layers]
    assert project_into(cache, (0, 4), [(fuser, teacher_cache, (0, 4))], "sequential") == 0
    for layer, keys in zip(cache.layers, before, strict=True):
        assert torch.equal(layer.keys, keys)
