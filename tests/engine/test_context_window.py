"""Windows of scaled rotary embeddings, against the frequencies that transformers computes."""

from __future__ import annotations

import pytest
import torch
from engine.tiny_models import tiny_model
from transformers import AutoConfig
from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

from c2c_timing.engine.context_window import UNLIMITED, context_window

FACTORS = {"short_factor": [1.0] * 8, "long_factor": [4.0] * 8}


def config_of(rope, positions=512, family="qwen3"):
    return AutoConfig.for_model(
        family, head_dim=16, max_position_embeddings=positions, rope_parameters=rope
    )


@pytest.mark.parametrize(("rope", "positions", "window"), [
    ({"rope_type": "default"}, 512, 512),
    # As Qwen's model cards tell users to write it: the other number stays.
    ({"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32768}, 40960, 131072),
    ({"type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32768}, 32768, 131072),
    ({"rope_type": "yarn", "factor": 2.0}, 512, 1024),
    # As DeepSeek publishes it: both numbers say the same.
    ({"rope_type": "yarn", "factor": 40, "original_max_position_embeddings": 4096}, 163840, 163840),
    ({"rope_type": "dynamic", "factor": 2.0}, 512, 1024),
    ({"rope_type": "linear", "factor": 8.0}, 131072, 131072),
    ({"rope_type": "linear", "factor": 4.0, "original_max_position_embeddings": 4096}, 4096, 16384),
    ({"rope_type": "longrope", "original_max_position_embeddings": 4096, **FACTORS}, 131072, 131072),
    # As Llama 3.2 publishes it: 32 times 8192 is more than it was made for.
    ({"rope_type": "llama3", "factor": 32.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
      "original_max_position_embeddings": 8192}, 131072, 131072),
])  # fmt: skip
def test_the_window_is_what_the_scaling_says(rope, positions, window):
    assert context_window(config_of({"rope_theta": 1e4, **rope}, positions)) == window


@pytest.mark.parametrize("kind", ["yarn", "dynamic"])
@pytest.mark.parametrize("factor", [1.0, 2.0, 4.0, 8.0])
def test_at_the_window_the_slowest_rotation_has_turned_as_far_as_in_training(kind, factor):
    plain = 1.0 / (1e4 ** (torch.arange(0, 16, 2).float() / 16))
    config = config_of({"rope_type": kind, "factor": factor, "rope_theta": 1e4})
    window = context_window(config)
    scaled, _ = ROPE_INIT_FUNCTIONS[kind](config, torch.device("cpu"), seq_len=window)
    turned, trained = float(scaled[-1] * window), float(plain[-1] * 512)
    assert turned <= trained * 1.0001
    if kind == "yarn":
        assert turned == pytest.approx(trained, rel=1e-4)


def test_one_description_for_each_type_of_layer():
    ropes = {
        "full_attention": {"rope_type": "yarn", "factor": 4.0, "rope_theta": 1e4,
                           "original_max_position_embeddings": 512},
        "sliding_attention": {"rope_type": "default", "rope_theta": 1e4},
    }  # fmt: skip
    assert context_window(config_of(ropes, family="gemma3_text")) == 2048


def test_a_model_uses_it_and_one_without_positions_has_no_limit():
    rope = {"rope_type": "yarn", "factor": 3.0, "rope_theta": 1e4}
    assert tiny_model("qwen3").context_window == 512
    assert tiny_model("qwen3", rope_parameters=rope).context_window == 3 * 512
    assert context_window(AutoConfig.for_model("bloom")) == UNLIMITED
