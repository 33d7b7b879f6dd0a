"""Models that C2C cannot use, told in one line: from what their config and their caches tell.

No family is named here, so that those of tomorrow are refused as well.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import torch
from transformers.cache_utils import DynamicCache, DynamicLayer, DynamicSlidingWindowLayer

from ..errors import UserError, one_line

if TYPE_CHECKING:
    from .causal_lm import CausalLM

# Keys and values of every token, and nothing else; a window is a matter of the mask here.
PLAIN_LAYERS = (DynamicLayer, DynamicSlidingWindowLayer)
ATTENTION = ("full_attention", "sliding_attention", "chunked_attention")
NEEDED = "name a decoder-only model with attention in every layer (Qwen3, Llama, ...)"
# Of the largest element: batches of other sizes round otherwise, and no later token weighs so little.
ROUNDING = 2e-3


def refuse_config(name: str, config: Any) -> None:
    """Refuse what its config tells to be unfit, before any weights are read.

    Raises:
        UserError: an encoder-decoder, or layers that keep something else than keys and values.
    """
    if getattr(config, "is_encoder_decoder", False):
        raise UserError(
            f"{name}: an encoder-decoder ({config.model_type}), whose prompt is not read into the "
            f"cache that its answer is written from; {NEEDED}"
        )
    other = _other_layers(config)
    if other:
        kinds = ", ".join(f"{number} {kind}" for kind, number in Counter(other).most_common())
        raise UserError(
            f"{name}: some of its layers ({config.model_type}: {kinds}) do not keep keys and values of "
            f"every token, and nothing else, which is what C2C projects; {NEEDED}"
        )


def _other_layers(config: Any) -> list[str]:
    """Types of the layers that keep something else than keys and values, or more, or nothing."""
    types = getattr(config.get_text_config(decoder=True), "layer_types", None) or []
    try:
        layers = DynamicCache(config=config).layers
    except (KeyError, ValueError):  # what only the model's own code can make, and its probe judges
        return [kind for kind in types if kind not in ATTENTION]
    types = types if len(types) == len(layers) else [ATTENTION[0]] * len(layers)
    return [
        # A layer that reads the keys and values of another still calls itself an attention.
        type(layer).__name__ if kind in ATTENTION else kind
        for kind, layer in zip(types, layers, strict=True)
        if type(layer) not in PLAIN_LAYERS
    ]


@torch.inference_mode()
def refuse_bidirectional(lm: CausalLM) -> None:
    """Refuse a model whose earlier tokens see later ones: it cannot write token by token.

    Raises:
        UserError: what it makes of a token depends on the token behind it.
    """
    first, other = (
        lm.decoder(input_ids=torch.tensor([[0, last]], device=lm.model.device))[0][0, 0]
        for last in (1, 2)
    )
    if (first - other).abs().max() > ROUNDING * first.abs().max():
        raise UserError(
            f"{lm.name}: it reads its text in both directions ({lm.model.config.model_type}, an "
            f"encoder), so it cannot write an answer token by token; {NEEDED}"
        )


def without_cache(name: str, error: Exception) -> UserError:
    """For a model that cannot even be called with a cache of keys and values."""
    said = one_line(error) or type(error).__name__
    return UserError(
        f"{name}: one token cannot be run on a cache of keys and values ({said[:120]}): compare its "
        f"config.json with the published one, or {NEEDED}"
    )
