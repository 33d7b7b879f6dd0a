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
_MIXTURE = {"hidden_size": 48, "intermediate_size": 24, "num_hidden_layers": 3, "num_attention_heads": 4,
            "num_key_value_heads": 2, "head_dim": 8, "num_experts_per_tok": 2, "pad_token_id": 0,
            "bos_token_id": 1, "eos_token_id": 2}  # fmt: skip
# Five experts a layer; their names in configs differ.
MIXTURES = {
    "mixtral": {**_MIXTURE, "num_local_experts": 5},
    "qwen2_moe": {**_MIXTURE, "num_experts": 5, "moe_intermediate_size": 16, "decoder_sparse_step": 2,
                  "shared_expert_intermediate_size": 40},
    "qwen3_moe": {**_MIXTURE, "num_experts": 5, "moe_intermediate_size": 16, "mlp_only_layers": [1]},
    "gpt_oss": {**_MIXTURE, "num_local_experts": 5},
    "glm4_moe": {**_MIXTURE, "n_routed_experts": 5, "n_shared_experts": 1, "n_group": 1, "topk_group": 1,
                 "moe_intermediate_size": 16, "first_k_dense_replace": 1},
    "ernie4_5_moe": {**_MIXTURE, "moe_num_experts": 5, "moe_k": 2, "moe_num_shared_experts": 1,
                     "moe_intermediate_size": 16},
    "jetmoe": {**_MIXTURE, "num_local_experts": 5, "kv_channels": 8},
}  # fmt: skip


def tiny_model(architecture: str, seed: int = 0, **changes) -> CausalLM:
    torch.manual_seed(seed)
    config = AutoConfig.for_model(
        architecture, **{**COMMON, **(ARCHITECTURES | MIXTURES)[architecture], **changes}
    )
    return CausalLM(architecture, AutoModelForCausalLM.from_config(config).eval(), tokenizer=None)
