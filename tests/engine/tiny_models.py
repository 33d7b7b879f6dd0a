"""Very small random models of several architectures, for tests of the engine."""

from __future__ import annotations

import torch
from transformers import AutoConfig, AutoModelForCausalLM

from c2c_timing.engine.causal_lm import CausalLM

COMMON = {"vocab_size": 300, "initializer_range": 0.15, "max_position_embeddings": 512}
ARCHITECTURES = {
    "qwen3": {"hidden_size": 48, "intermediate_size": 96, "num_hidden_layers": 3,
              "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16},
    "qwen2": {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 5,
              "num_attention_heads": 4, "num_key_value_heads": 4},
    "llama": {"hidden_size": 64, "intermediate_size": 64, "num_hidden_layers": 2,
              "num_attention_heads": 8, "num_key_value_heads": 1},
    "gpt2": {"n_embd": 32, "n_layer": 4, "n_head": 4},
    "mistral": {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 3,
                "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 8,
                "sliding_window": 11},
    "gemma3_text": {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 4,
                    "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 8,
                    "query_pre_attn_scalar": 8, "sliding_window": 9,
                    "layer_types": ["sliding_attention", "full_attention"] * 2},
}  # fmt: skip


def tiny_model(architecture: str, seed: int = 0, **changes) -> CausalLM:
    torch.manual_seed(seed)
    config = AutoConfig.for_model(
        architecture, **{**COMMON, **ARCHITECTURES[architecture], **changes}
    )
    return CausalLM(architecture, AutoModelForCausalLM.from_config(config).eval(), tokenizer=None)
