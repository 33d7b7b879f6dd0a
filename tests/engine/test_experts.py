"""What one token wakes of a mixture of experts, against torch's own count of what it runs."""

from __future__ import annotations

import json

import pytest
import torch
from engine.test_shapes import counted, masked_half
from engine.tiny_models import MIXTURES, tiny_model
from torch import nn
from transformers import AutoConfig, AutoModelForCausalLM

from c2c_timing.analysis import operations
from c2c_timing.engine.causal_lm import CausalLM
from c2c_timing.engine.decoding import greedy
from c2c_timing.engine.experts import mixture_of
from c2c_timing.engine.runtimes.eager import EagerMoves
from c2c_timing.engine.shapes import OperatorCount, model_shapes

TOKENS, STEPS = 47, 5


class Expert(nn.Module):
    """One expert by itself."""

    def __init__(self, gate_up, down):
        super().__init__()
        self.gate_up, self.down = (
            nn.Linear(*reversed(w.shape), bias=False) for w in (gate_up, down)
        )
        self.gate_up.weight.data, self.down.weight.data = gate_up.clone(), down.clone()

    def forward(self, states):
        gate, up = self.gate_up(states).chunk(2, dim=-1)
        return self.down(nn.functional.silu(gate) * up)


class Listed(nn.ModuleList):
    """Experts as code from the Hub keeps them: each a module, called where a token has woken it."""

    def __init__(self, stacked):
        pairs = zip(stacked.gate_up_proj.data, stacked.down_proj.data, strict=True)
        super().__init__(Expert(*pair) for pair in pairs)

    def forward(self, states, chosen, weights):
        mixed = torch.zeros_like(states)
        for index in chosen.unique():
            token, place = torch.where(chosen == index)
            mixed.index_add_(
                0, token, self[index](states[token]) * weights[token, place, None].to(states.dtype)
            )
        return mixed


def mixture(architecture):
    """The model with experts called one by one, for torch's counter to see; ``listed`` as modules."""
    name = "mixtral" if architecture == "listed" else architecture
    model = tiny_model(name).model
    model.set_attn_implementation("eager")
    if name != "jetmoe":  # which has one way of calling them
        model.set_experts_implementation("eager")
    if architecture == "listed":
        for layer in model.model.layers:
            layer.mlp.experts = Listed(layer.mlp.experts)
    return CausalLM(name, model, tokenizer=None)


ALL = [*MIXTURES, "listed"]


@pytest.mark.parametrize("architecture", ALL)
def test_operations_of_a_mixture_are_those_that_torch_counts(architecture):
    lm = mixture(architecture)
    shapes, moves = model_shapes(lm), EagerMoves(lm)
    ids = torch.randint(3, 300, (1, TOKENS), generator=torch.Generator().manual_seed(1))
    cache = moves.new_cache(TOKENS + STEPS)
    prefill = counted(lambda: moves.prefill(moves.embed(ids), cache))
    expected = operations.prefill(shapes, TOKENS).flops + masked_half(shapes, TOKENS)
    assert prefill == pytest.approx(expected, rel=0.001)
    decode = counted(lambda: [greedy(moves.logits(ids[:, :1], cache)) for _ in range(STEPS)])
    assert decode == pytest.approx(operations.decode(shapes, STEPS, TOKENS).flops, rel=0.001)


@pytest.mark.parametrize("architecture", ALL)
def test_every_weight_of_a_mixture_is_read_or_idle(architecture):
    lm = mixture(architecture)
    shapes = model_shapes(lm)
    parts = ("matrix_elements", "other_elements", "idle_elements")
    embedding = lm.embedding.weight.numel()
    assert sum(shapes[part] for part in parts) + embedding == sum(
        p.numel() for p in lm.decoder.parameters()
    )
    assert shapes["idle_elements"] == shapes["woken_elements"] * 3 / 2, "two of five are awake"
    assert json.loads(json.dumps(shapes)) == shapes


def test_a_list_of_experts_is_the_same_as_a_stack_of_them():
    listed, stacked = (model_shapes(mixture(name)) for name in ("listed", "mixtral"))
    assert {**listed, "operators": None} == {**stacked, "operators": None}


@pytest.mark.parametrize("way", ["one by one", "as the model does"])
@pytest.mark.parametrize("architecture", MIXTURES)
def test_no_prompt_calls_fewer_operators_than_are_counted_of_a_mixture(architecture, way):
    lm = mixture(architecture) if way == "one by one" else tiny_model(architecture)
    counts, moves = model_shapes(lm)["operators"], EagerMoves(lm)
    for tokens in (2, 3, 9):
        cache = moves.new_cache(tokens + 1)
        with torch.inference_mode(), OperatorCount() as prefill:
            moves.prefill(lm.embedding(torch.full((1, tokens), 7)), cache)
        with torch.inference_mode(), OperatorCount() as step:
            greedy(moves.logits(torch.full((1, 1), 7), cache))
        assert prefill.calls >= counts["prefill"] > 0
        assert step.calls >= counts["decode_step"]


def test_a_published_mixture_weighs_what_is_published():
    """Qwen3-30B-A3B: 30.5 B parameters, of which a token wakes 3.3 B."""
    config = AutoConfig.for_model(
        "qwen3_moe", vocab_size=151936, hidden_size=2048, intermediate_size=6144, head_dim=128,
        moe_intermediate_size=768, num_hidden_layers=48, num_attention_heads=32,
        num_key_value_heads=4, num_experts=128, num_experts_per_tok=8, tie_word_embeddings=False,
    )  # fmt: skip
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16).eval()
    model.set_experts_implementation("batched_mm")
    shapes = model_shapes(CausalLM("moe", model, tokenizer=None))
    embedding = shapes["vocabulary_size"] * shapes["hidden_size"]
    awake = shapes["matrix_elements"] + shapes["other_elements"] + shapes["lm_head_elements"]
    assert awake + embedding == pytest.approx(3.3e9, rel=0.02)
    assert awake + embedding + shapes["idle_elements"] == pytest.approx(30.5e9, rel=0.002)


def without_a_router(layer):
    layer.mlp.gate.weight = nn.Parameter(torch.zeros(7, 48))


def with_unequal_experts(layer):
    layer.mlp.experts = Listed(layer.mlp.experts)
    layer.mlp.experts[0].down = nn.Linear(48, 48)


def with_experts_side_by_side(layer):
    layer.mlp.experts = nn.Linear(48, 5 * 24)


def with_more_woken_than_there_are(layer):
    layer.mlp.gate.top_k = 6


def with_two_answers(layer):
    layer.mlp.top_k = 3


@pytest.mark.parametrize("change", [
    without_a_router, with_unequal_experts, with_experts_side_by_side,
    with_more_woken_than_there_are, with_two_answers,
])  # fmt: skip
def test_a_layout_that_does_not_tell_has_no_shapes(change):
    lm = mixture("mixtral")
    assert model_shapes(lm)
    change(lm.model.model.layers[1])
    assert model_shapes(lm) is None


def test_experts_that_are_rows_of_a_table_have_no_shapes():
    config = AutoConfig.for_model(
        "doge", vocab_size=60, hidden_size=32, intermediate_size=24, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=2, is_moe=True, num_experts=16,
        num_experts_per_tok=2,
    )  # fmt: skip
    model = AutoModelForCausalLM.from_config(config, attn_implementation="eager").eval()
    assert model_shapes(CausalLM("doge", model, tokenizer=None)) is None


def test_where_no_router_tells_the_config_does():
    lm = mixture("mixtral")
    before = model_shapes(lm)
    for module in lm.model.modules():
        if hasattr(module, "top_k"):
            chosen, module.top_k = module.top_k, str(module.top_k)
    lm.model.config.num_experts_per_tok = chosen
    found = mixture_of(lm.decoder, lm.model.config, 48)
    assert found.as_plain()["woken_elements"] == before["woken_elements"]
