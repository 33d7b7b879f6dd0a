"""Models that C2C cannot use are refused in one true line; all others are not."""

from __future__ import annotations

import pytest
import torch
from engine.tiny_models import ARCHITECTURES, tiny_model
from transformers import AutoConfig
from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

from c2c_timing.cards.pair_card import ModelSpec, load_pair_card
from c2c_timing.engine.fitness import refuse_bidirectional, refuse_config
from c2c_timing.engine.pair import load_model
from c2c_timing.errors import UserError

HYBRIDS = {
    "qwen3_5": {}, "qwen3_5_moe": {}, "qwen3_next": {}, "jamba": {}, "falcon_h1": {}, "bamba": {},
    "granitemoehybrid": {}, "zamba2": {}, "nemotron_h": {}, "minimax": {}, "mamba": {}, "olmo_hybrid": {},
    "recurrent_gemma": {}, "kimi_linear": {},
    "lfm2": {"num_hidden_layers": 2, "layer_types": ["conv", "full_attention"]},
}  # fmt: skip
PLAIN = {"full_attention", "sliding_attention", "chunked_attention"}
SMALL = {"vocab_size": 64, "hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 2,
         "num_attention_heads": 2, "embedding_size": 32}  # fmt: skip


def load(folder, config):
    config.save_pretrained(folder)
    tokenizer = load_pair_card("tiny").base.tokenizer
    spec = ModelSpec("some/model", "dummy", config=folder, tokenizer=tokenizer)
    return load_model(spec, torch.device("cpu"), torch.float32)


def refusal_of(folder, config) -> str:
    with pytest.raises(UserError) as caught:
        load(folder, config)
    said = str(caught.value)
    assert said.startswith("some/model: ")
    assert "index out of range" not in said and "network" not in said and "\n" not in said
    return said


@pytest.mark.parametrize("family", HYBRIDS)
def test_layers_that_keep_other_things_are_named(tmp_path, family):
    said = refusal_of(tmp_path, AutoConfig.for_model(family, **HYBRIDS[family]))
    assert "do not keep keys and values of every token" in said
    assert any(kind in said for kind in ("linear_attention", "hybrid", "conv"))
    assert "decoder-only model with attention in every layer" in said


def test_every_family_is_judged_by_its_layers():
    """By what the configs of all families say of their layers, whatever the families are called."""
    judged = 0
    for family in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES:
        try:
            config = AutoConfig.for_model(family)
            types = set(config.get_text_config(decoder=True).layer_types or ())
        except Exception:
            continue  # without such types, or not to be made without arguments
        if not types or getattr(config.get_text_config(decoder=True), "num_kv_shared_layers", 0):
            continue
        judged += 1
        if types <= PLAIN:
            refuse_config(family, config)
        else:
            with pytest.raises(UserError, match="do not keep keys and values"):
                refuse_config(family, config)
    assert judged > 30


@pytest.mark.parametrize("family", ["bert", "roberta", "electra", "rembert", "megatron-bert"])
def test_bidirectional_encoders_are_refused_for_what_they_do(tmp_path, family):
    said = refusal_of(tmp_path, AutoConfig.for_model(family, **SMALL))
    assert "in both directions" in said


def test_the_same_family_as_a_decoder_is_taken(tmp_path):
    assert (
        len(load(tmp_path, AutoConfig.for_model("bert", **SMALL, is_decoder=True)).kv_shapes) == 2
    )


@pytest.mark.parametrize(("family", "said"), [
    ("t5", "encoder-decoder"), ("bart", "encoder-decoder"), ("modernbert", "no decoder-only language"),
    ("vit", "no decoder-only language"), ("distilbert", "no decoder-only language"),
    ("openai-gpt", "fills no KV cache"),
])  # fmt: skip
def test_other_kinds_are_refused(tmp_path, family, said):
    small = {"n_layer": 1, "n_embd": 24, "n_head": 2} if family == "openai-gpt" else {}
    assert said in refusal_of(tmp_path, AutoConfig.for_model(family, **small))


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_decoders_are_not(architecture, dtype):
    lm = tiny_model(architecture)
    lm.model.to(dtype)
    refuse_config(architecture, lm.model.config)
    refuse_bidirectional(lm)
