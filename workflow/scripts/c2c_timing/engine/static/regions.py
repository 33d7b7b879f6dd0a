"""Compilation by region: one decoder layer is compiled, and serves for all that are like it.

A whole model takes a compiler minutes; its layers are the same code over other weights. What would
tell them apart is taken away: each sees only its own place in the cache, under the same number.

What is compiled must not depend on what was compiled before, or the next process, with other methods or
prompts, would not find it on disk: dynamo compares what it meets with all that it has seen of a function,
and makes a symbol of what differs. So the models of a pair share no function, what varies is marked from
the first, and dynamo forgets a pair that is let go (``keeper``).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from types import FunctionType
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
        return _marked(value)


def compile_regions(model: Any, number: int, compiled: Callable[[Callable], Callable]) -> None:
    """Compile the decoder layers of a model, its last norm and its rotation, in place.

    Args:
        number: of the model in its pair: what is compiled is its own.
    """
    decoder = model.get_decoder()
    call = compiled(_own_function(f"layer_of_model_{number}"))
    for layers in decoder.children():
        if isinstance(layers, nn.ModuleList):
            for place, layer in enumerate(layers):
                layers[place] = Region(layer, place, call)
    for name, module in decoder.named_children():
        if name in ("norm", "ln_f", "rotary_emb"):
            call = compiled(_own_function(f"{name}_of_model_{number}"))
            module.forward = partial(_call_marked, call, module.forward)


def _call_marked(call: Callable, forward: Callable, *args: Any, **kwargs: Any) -> Any:
    return call(forward, *map(_marked, args), **{k: _marked(v) for k, v in kwargs.items()})


def _marked(value: Any) -> Any:
    if isinstance(value, torch.Tensor) and value.ndim > 1 and value.shape[1] > 1:
        torch._dynamo.maybe_mark_dynamic(value, 1)  # the tokens of a prompt
    return value


def _own_function(name: str) -> Callable:
    """A function that calls what it is given; dynamo remembers by file, line and name."""
    code = _call.__code__.replace(co_name=name, co_qualname=name)
    return FunctionType(code, _call.__globals__, name)


def _call(function: Callable, *args: Any, **kwargs: Any) -> Any:
    return function(*args, **kwargs)
