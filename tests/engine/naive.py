"""The C2C method once more, written plainly from its description, to check the engine against.

It clones, concatenates and runs every gate; it shares no code with the engine.
"""

from __future__ import annotations

import torch
from torch.nn.functional import gelu
from transformers import DynamicCache


def naive_c2c(base, teachers, fusers, mode, ids, new_tokens):
    """Returns fused (keys, values) per layer over tokens 0 … L-2, and the greedy ids.

    ``fusers``: per teacher a list of (base layer, teacher layer, state dict, base kv heads).
    """
    prompt, token = torch.tensor([ids[:-1]]), torch.tensor([ids[-1:]])
    cache = base(input_ids=prompt, past_key_values=DynamicCache(), use_cache=True).past_key_values
    heard = [
        model(input_ids=prompt, past_key_values=DynamicCache(), use_cache=True).past_key_values
        for model in teachers
    ]
    clean = [(layer.keys.clone(), layer.values.clone()) for layer in cache.layers]
    fused = [[keys.clone(), values.clone()] for keys, values in clean]
    for teacher_cache, fuser in zip(heard, fusers, strict=True):
        for base_layer, teacher_layer, state, heads in fuser:
            spoken = teacher_cache.layers[teacher_layer]
            for kind, which in (("key", 0), ("value", 1)):
                read = fused if mode == "sequential" else clean
                source = spoken.keys if which == 0 else spoken.values
                fused[base_layer][which] = fused[base_layer][which] + naive_residual(
                    state, kind, source, read[base_layer][which], heads
                )
    for layer, (keys, values) in zip(cache.layers, fused, strict=True):
        layer.keys, layer.values = keys.clone(), values.clone()
    answer = []
    for _ in range(new_tokens):
        logits = base(input_ids=token, past_key_values=cache, use_cache=True).logits
        token = logits[:, -1].argmax(dim=-1, keepdim=True)
        answer.append(token.item())
    return fused, answer


def naive_residual(state, kind, source, target, heads):
    """Gate x sigmoid(weight) x projected, for one layer's keys or values."""
    hidden = linear(
        state, f"{kind}_in", torch.cat([merge_heads(source), merge_heads(target)], dim=-1)
    )
    hidden = block(state, f"{kind}_mlp1.blocks.0", hidden)
    weight = linear(
        state, f"{kind}_scalar_head", block(state, f"{kind}_scalar_mlp2.blocks.0", hidden)
    )
    number = 0
    while f"{kind}_proj_mlp2.blocks.{number}.w1.weight" in state:
        hidden = block(state, f"{kind}_proj_mlp2.blocks.{number}", hidden)
        number += 1
    projected = linear(state, f"{kind}_proj_out", hidden)
    batch, tokens, _ = projected.shape
    projected = projected.view(batch, tokens, heads, -1).permute(0, 2, 1, 3)
    weight = torch.sigmoid(weight).permute(0, 2, 1)[..., None]
    gate = float(state[f"{kind}_gate_logit"] > 0)
    return gate * weight * projected


def merge_heads(states):
    batch, heads, tokens, size = states.shape
    return states.permute(0, 2, 1, 3).reshape(batch, tokens, heads * size)


def linear(state, name, inputs):
    return inputs @ state[f"{name}.weight"].T + state[f"{name}.bias"]


def block(state, name, inputs):
    scale = torch.rsqrt(inputs.pow(2).mean(dim=-1, keepdim=True) + 1e-6)
    normed = inputs * scale * state[f"{name}.norm.weight"]
    return inputs + gelu(normed @ state[f"{name}.w1.weight"].T) @ state[f"{name}.w2.weight"].T
