from __future__ import annotations

import pytest
import torch
from engine.tiny_models import ARCHITECTURES, tiny_model
from hypothesis import given
from hypothesis import strategies as st
from transformers import DynamicCache

from c2c_timing.engine.decoding import Decoding, decode, greedy
from c2c_timing.engine.layer_maps import k_nearest, last_aligned
from c2c_timing.engine.runtimes.eager import EagerMoves
from c2c_timing.meters.clock import StageClock

CPU = torch.device("cpu")
IDS = torch.arange(5, 25).unsqueeze(0)


def run(model, decoding, stop_ids=frozenset()):
    moves = EagerMoves(model)
    cache = moves.new_cache(IDS.shape[1] + decoding.max_new_tokens)
    clock = StageClock()
    clock.start()
    with torch.inference_mode():
        moves.prefill(moves.embed(IDS[:, :-1]), cache)
        step = moves.stepper(decoding)
        return decode(step, IDS[:, -1:], cache, decoding.max_new_tokens, stop_ids, clock)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@torch.inference_mode()
def test_greedy_is_what_transformers_generates(architecture):
    model = tiny_model(architecture)
    wanted = model.model.generate(IDS, max_new_tokens=10, min_new_tokens=10, do_sample=False)
    assert run(model, Decoding(10, ignore_eos=True)) == wanted[0, IDS.shape[1] :].tolist()


@torch.inference_mode()
def test_the_cache_is_what_transformers_fills():
    model = tiny_model("qwen3")
    moves = EagerMoves(model)
    cache = moves.new_cache(30)
    moves.prefill(moves.embed(IDS), cache)
    wanted = model.model(input_ids=IDS, past_key_values=DynamicCache()).past_key_values
    assert cache.get_seq_length() == IDS.shape[1]
    for mine, theirs in zip(cache.layers, wanted.layers, strict=True):
        torch.testing.assert_close(mine.keys, theirs.keys)
        torch.testing.assert_close(mine.values, theirs.values)


def test_natural_length_ends_with_the_stop_token():
    model = tiny_model("qwen3")
    fixed = run(model, Decoding(12, ignore_eos=True))
    stop = fixed[3]
    natural = run(model, Decoding(12), frozenset([stop]))
    assert natural == fixed[: fixed.index(stop) + 1]


def test_sampling_repeats_with_its_seed_and_keeps_to_its_candidates():
    model = tiny_model("qwen3")
    hot = {"max_new_tokens": 20, "temperature": 1.5}
    assert run(model, Decoding(**hot, seed=1)) == run(model, Decoding(**hot, seed=1))
    assert run(model, Decoding(**hot, seed=1)) != run(model, Decoding(**hot, seed=2))
    assert run(model, Decoding(**hot, top_k=1)) == run(model, Decoding(20))
    logits = torch.tensor([[0.0, 5.0, 4.0, -3.0]])
    choose = Decoding(1, temperature=1.0, top_p=0.9, seed=3).chooser(CPU)
    assert {choose(logits).item() for _ in range(200)} == {1, 2}
    assert greedy(logits).tolist() == [[1]]


@given(st.integers(1, 40), st.integers(1, 40))
def test_layer_maps(base, teacher):
    for mapping in (last_aligned(base, teacher), k_nearest(base, teacher)):
        assert len(mapping) == base
        assert mapping == sorted(mapping)
        assert 0 <= mapping[0] <= mapping[-1] < teacher
    assert last_aligned(base, teacher)[-1] == teacher - 1


def test_layer_maps_of_a_published_pair():
    assert last_aligned(28, 36) == list(range(8, 36))
    assert last_aligned(28, 24)[:6] == [0, 0, 0, 0, 0, 1]
    assert k_nearest(4, 7) == [0, 2, 4, 6]
