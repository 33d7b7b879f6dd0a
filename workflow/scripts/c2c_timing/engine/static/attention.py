"""Attention over static caches: grouped queries without repeated keys, masked by position.

Registered with transformers' ``AttentionInterface``. The name has no mask function, so that models
build no masks; what may be seen follows from ``kv_position`` and ``kv_seen``, which go through the models'
keyword arguments to here.
"""

from __future__ import annotations

import importlib.util
from typing import Any

import torch
from torch.nn import functional
from transformers import AttentionInterface

if importlib.util.find_spec("triton"):  # it comes with torch for CUDA alone
    from . import decode_attention
else:
    decode_attention = None  # type: ignore[assignment]

NAME = "static_grouped"


def attend(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float | None = None,
    dropout: float = 0.0,
    sliding_window: int | None = None,
    kv_position: torch.Tensor | None = None,
    kv_seen: torch.Tensor | None = None,
    **kwargs: Any,
) -> tuple[torch.Tensor, None]:
    """Queries (1, heads, tokens, head_dim) over keys and values (1, KV heads, tokens, head_dim).

    Args:
        kv_position: (1,), position of the first query among all keys of the buffer; None where keys
            are those of the queries' own tokens.
        kv_seen: (1, places), false at keys that no query may see; None where all may be seen.

    Raises:
        NotImplementedError: the model wants something that is not done here.
    """
    if kwargs.get("softcap") or kwargs.get("s_aux") is not None:
        raise NotImplementedError("attention with soft caps or sinks")
    tokens, heads, kv_heads = query.shape[2], query.shape[1], key.shape[1]
    is_plain = kv_seen is None
    if is_plain and kv_position is None and (sliding_window is None or sliding_window >= tokens):
        out = functional.scaled_dot_product_attention(
            query, key, value, is_causal=True, scale=scaling, enable_gqa=heads != kv_heads
        )
        return out.transpose(1, 2), None
    if is_plain and kv_position is not None and decode_attention and decode_attention.fits(query):
        scale = query.shape[-1] ** -0.5 if scaling is None else scaling
        out = decode_attention.attend_one(query, key, value, kv_position, scale, sliding_window)
        return out, None
    mask = _visible(kv_position, tokens, key.shape[2], sliding_window, query.device)
    if kv_seen is not None:
        mask = mask & kv_seen[:, : key.shape[2]]
    if tokens == 1 and heads != kv_heads:
        # All queries of a group see the same keys: they stand where a prompt's queries would.
        query = query.view(1, kv_heads, heads // kv_heads, -1)
        out = functional.scaled_dot_product_attention(
            query, key, value, attn_mask=mask, scale=scaling
        )
        return out.reshape(1, 1, heads, -1), None
    if heads != kv_heads:
        key, value = (x.repeat_interleave(heads // kv_heads, dim=1) for x in (key, value))
    out = functional.scaled_dot_product_attention(query, key, value, attn_mask=mask, scale=scaling)
    return out.transpose(1, 2), None


def _visible(
    kv_position: torch.Tensor | None,
    tokens: int,
    capacity: int,
    sliding_window: int | None,
    device: torch.device,
) -> torch.Tensor:
    """Which keys each query may see, (1, 1, tokens, capacity)."""
    places = torch.arange(capacity, device=device)
    own = torch.arange(tokens, device=device)[:, None]
    if kv_position is not None:
        own = own + kv_position
    mask = places <= own
    if sliding_window is not None:
        mask &= places > own - sliding_window
    return mask[None, None]


AttentionInterface.register(NAME, attend)
