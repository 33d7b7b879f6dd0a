"""Counts that follow from shapes, against torch's own count of what it runs."""

from __future__ import annotations

import json

import pytest
import torch
from engine.tiny_models import ARCHITECTURES, tiny_model
from torch.utils.flop_counter import FlopCounterMode
from transformers import AutoConfig, AutoModelForCausalLM

from c2c_timing.analysis import operations
from c2c_timing.cards.pair_card import available_pairs, load_pair_card
from c2c_timing.engine.causal_lm import CausalLM
from c2c_timing.engine.decoding import greedy
from c2c_timing.engine.fuser import Fuser, dummy_fuser, project_into
from c2c_timing.engine.pair import ModelPair
from c2c_timing.engine.runtimes import eager, fused
from c2c_timing.engine.runtimes.eager import EagerMoves
from c2c_timing.engine.shapes import OperatorCount, describe_shapes, fuser_shapes, model_shapes

TOKENS, STEPS = 47, 5


def counted(run) -> int:
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        run()
    return counter.get_total_flops()


def with_plain_attention(architecture: str) -> CausalLM:
    """torch's counter does not see into the CPU's fused attention."""
    lm = tiny_model(architecture)
    lm.model.set_attn_implementation("eager")
    return lm


def masked_half(shapes: dict, tokens: int) -> int:
    """Plain attention computes the scores of later tokens too, before it masks them."""
    return 4 * shapes["query_elements"] * (tokens * tokens - operations.attended(tokens, 0))


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_operations_of_a_model_are_those_that_torch_counts(architecture):
    lm = with_plain_attention(architecture)
    shapes, moves = model_shapes(lm), EagerMoves(lm)
    ids = torch.randint(0, 300, (1, TOKENS), generator=torch.Generator().manual_seed(1))
    cache = moves.new_cache(TOKENS + STEPS)
    prefill = counted(lambda: moves.prefill(moves.embed(ids), cache))
    expected = operations.prefill(shapes, TOKENS).flops + masked_half(shapes, TOKENS)
    assert prefill == pytest.approx(expected, rel=0.02)
    decode = counted(lambda: [greedy(moves.logits(ids[:, :1], cache)) for _ in range(STEPS)])
    assert decode == pytest.approx(operations.decode(shapes, STEPS, TOKENS).flops, rel=0.02)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_weight_is_read_once(architecture):
    lm = tiny_model(architecture)
    shapes = model_shapes(lm)
    weights = sum(p.numel() for p in lm.model.parameters())
    tables = {m.weight for m in lm.model.modules() if isinstance(m, torch.nn.Embedding)}
    head = lm.model.get_output_embeddings().weight
    is_tied = head in tables
    in_layers = shapes["matrix_elements"] + shapes["other_elements"]
    rest = sum(table.numel() for table in tables) + (0 if is_tied else head.numel())
    assert in_layers + rest == weights
    moved = operations.decode(shapes, 1, 0).bytes
    assert moved == 4 * (in_layers + head.numel() + shapes["cache_elements"])


@pytest.mark.parametrize("gates", ["open", "some closed"])
def test_operations_of_the_projectors_are_those_that_torch_counts(gates):
    base, teacher = tiny_model("qwen3"), tiny_model("llama", seed=1)
    fuser = dummy_fuser(base.kv_shapes, teacher.kv_shapes, "last_aligned", 24, 40, 5).eval()
    if gates == "some closed":
        fuser.connections[0].projector.key_gate_logit.data.fill_(-1.0)
        fuser.connections[1].projector.key_gate_logit.data.fill_(-1.0)
        fuser.connections[1].projector.value_gate_logit.data.fill_(-1.0)
        for connection in fuser.connections:
            connection.projector.freeze_gates()
        fuser = Fuser(fuser.connections)
    span = (0, TOKENS)
    caches = [EagerMoves(lm).new_cache(TOKENS) for lm in (base, teacher)]
    flops = counted(lambda: project_into(caches[0], span, [(fuser, caches[1], span)], "sequential"))
    shapes = fuser_shapes(fuser, base, teacher)
    assert flops == pytest.approx(operations.projection(shapes, TOKENS).flops, rel=0.02)
    if gates == "open":
        weights = sum(p.numel() for c in fuser.connections for p in c.projector.parameters())
        in_use = shapes["matrix_elements"] + shapes["other_elements"]
        assert in_use == weights - 2 * len(fuser.connections)  # the gates themselves


def test_the_published_shapes_weigh_what_is_published():
    """596 M parameters and 112 KiB of cache a token in bfloat16; a fuser of about 478 M."""
    card = load_pair_card("qwen3-0.6b_qwen2.5-0.5b")
    models = []
    for spec in (card.base, card.teachers[0]):
        with torch.device("meta"):
            config = AutoConfig.from_pretrained(spec.config)
            model = AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16)
        models.append(CausalLM(spec.model, model.eval(), tokenizer=None))
    base, teacher = models
    shapes = model_shapes(base)
    weights = shapes["matrix_elements"] + shapes["other_elements"] + shapes["lm_head_elements"]
    assert weights == pytest.approx(596e6, rel=0.001)
    assert shapes["cache_elements"] * shapes["element_bytes"] == 112 * 1024
    one = dummy_fuser(base.kv_shapes[:1], teacher.kv_shapes, "last_aligned", 1024, 1024, 3)
    fuser = fuser_shapes(one, base, teacher)
    weights = (fuser["matrix_elements"] + fuser["other_elements"]) * len(base.kv_shapes)
    assert weights == pytest.approx(478e6, rel=0.01)


def test_operators_are_counted_without_views_and_grow_with_the_layers():
    ones = torch.ones(2, 3)
    with torch.inference_mode(), OperatorCount() as count:
        ones.view(-1)[:2].reshape(2, 1)
        torch.dropout(ones, 0.5, train=False)
        ones.t() + 1
        ones.add_(1)
    assert count.calls == 2
    shallow, deep = (model_shapes(tiny_model(name)) for name in ("llama", "qwen2"))
    for part in ("prefill", "decode_step"):
        per_layer = [s["operators"][part] / s["layers"] for s in (shallow, deep)]
        assert per_layer[0] == pytest.approx(per_layer[1], rel=0.4)
        assert shallow["operators"][part] < deep["operators"][part]
    assert shallow["operators"]["embedding"] == 1


def test_shapes_are_plain():
    base, teacher = tiny_model("qwen3"), tiny_model("qwen2", seed=1)
    fuser = dummy_fuser(base.kv_shapes, teacher.kv_shapes, "last_aligned", 24, 40, 3).eval()
    pair = ModelPair(base, [teacher], [fuser], "parallel", torch.device("cpu"))
    shapes = describe_shapes(pair, {})
    assert json.loads(json.dumps(shapes)) == shapes
    assert shapes["projection_operators"] > 20 * len(base.kv_shapes)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_no_model_calls_fewer_operators_than_wait_for_one_another(architecture):
    shapes = model_shapes(tiny_model(architecture))
    assert operations.prefill(shapes, TOKENS).chain <= shapes["operators"]["prefill"]
    assert operations.decode(shapes, 1, TOKENS).chain <= shapes["operators"]["decode_step"]


class ProductCount(OperatorCount):
    """Counts products of matrices alone."""

    def __torch_dispatch__(self, operator, types, args=(), kwargs=None):
        result = operator(*args, **(kwargs or {}))
        self.calls += operator.overloadpacket.__name__ in ("mm", "addmm", "bmm", "baddbmm")
        return result


def calls_of_a_projection(running, counter):
    caches = [moves.new_cache(2) for moves in (running.base, *running.teachers)]
    with torch.inference_mode(), counter as count:
        running.project(caches[0], (0, 2), [(cache, (0, 2)) for cache in caches[1:]])
    return count.calls


@pytest.mark.parametrize(("mode", "chain"), [("sequential", 6 + 10), ("parallel", 10)])
def test_projectors_are_counted_as_each_runtime_calls_them(mode, chain):
    base, teachers = tiny_model("qwen3"), [tiny_model("qwen2", seed=1), tiny_model("llama", seed=2)]
    fusers = [
        dummy_fuser(base.kv_shapes, teacher.kv_shapes, "last_aligned", 24, 40, depth).eval()
        for teacher, depth in zip(teachers, (3, 5), strict=True)
    ]
    pair = ModelPair(base, teachers, fusers, mode, torch.device("cpu"))
    before = describe_shapes(pair, {"eager": eager.open_pair(pair)})
    assert "fused_projection_operators" not in before
    running = {"eager": eager.open_pair(pair), "fused": fused.open_pair(pair)}
    memory = fusers[0].connections[0].projector.key_in.weight.data_ptr()
    shapes = describe_shapes(pair, running | {"graphs": running["fused"]})
    assert fusers[0].connections[0].projector.key_in.weight.data_ptr() == memory
    stacked = shapes.pop("fused_projection_operators")
    assert shapes == before, "of eager the same, also where its weights lie in a row"
    assert stacked == calls_of_a_projection(running["fused"], OperatorCount())
    assert shapes["projection_chain"] == chain
    # Of each teacher: in, out, head, and two products a block, of one, one and depth - 2 blocks.
    products = calls_of_a_projection(running["fused"], ProductCount())
    assert products == (3 + 2 * 3) + (3 + 2 * 5)
    assert chain <= products < stacked < shapes["projection_operators"] / 2


def test_every_card_is_of_a_kind_that_can_be_counted():
    for name in available_pairs():
        card = load_pair_card(name)
        for spec in (card.base, *card.teachers):
            config = json.loads((spec.config / "config.json").read_text())
            assert "num_experts" not in config
