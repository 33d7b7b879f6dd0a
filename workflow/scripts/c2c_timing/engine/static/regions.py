"""Compilation by region: one decoder layer is compiled, and serves for all that are like it.

A whole model takes a compiler minutes; its layers are the same code over other weights. What would
tell them apart is taken away: each sees only its own place in the cache, under the same number.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from .cache import WritingCache


class Region(nn.Module):
    """Stands where a decoder layer stood, and calls it compiled."""

    def __init__(self, layer: nn.Module, number: int, call: Callable) -> None:
        super().__init__()
        self.layer, self._number, self._call = layer, number, call
        for module in layer.modules():
            if hasattr(module, "layer_idx"):
                setattr(module, "layer_idx", 0)  # noqa: B010 (no module of torch's has it)

    def __getattr__(self, name: str) -> Any:
        """What models ask of their layers (the type of attention, say)."""
        try:
            return super().__getattr__(name)
        except AttributeError:
            return getattr(super().__getattr__("layer"), name)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """The layer's own forward, on its own place in the cache."""
        args = tuple(self._own(value) for value in args)
        kwargs = {name: self._own(value) for name, value in kwargs.items()}
        return self._call(self.layer, *args, **kwargs)

    def _own(self, value: Any) -> Any:
        if isinstance(value, WritingCache):
            return value.of_layer(self._number)
        if isinstance(value, tuple):
            return tuple(map(self._own, value))
        if isinstance(value, torch.Tensor) and value.ndim > 1 and value.shape[1] > 1:
            torch._dynamo.maybe_mark_dynamic(value, 1)  # the tokens of a prompt
        return value


def compile_regions(model: Any, compiled: Callable[[Callable], Callable]) -> None:
    """Compile the decoder layers of a model, its last norm and its rotation, in place."""
    decoder = model.get_decoder()
    call = compiled(_call_layer)
    for layers in decoder.children():
        if isinstance(layers, nn.ModuleList):
            for number, layer in enumerate(layers):
                layers[number] = Region(layer, number, call)
    for name, module in decoder.named_children():
        if name in ("norm", "ln_f", "rotary_emb"):
            module.forward = compiled(module.forward)


def _call_layer(layer: nn.Module, *args: Any, **kwargs: Any) -> Any:
    return layer(*args, **kwargs)
