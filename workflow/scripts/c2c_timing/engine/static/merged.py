"""Matrices that read the same input as one product: queries, keys and values; gate and up.

The merged weight takes the place of its parts, which become views of it: no weight is held twice,
and who uses the parts computes what it did before.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import nn
from torch.nn import functional

from ..joined import joined

TOGETHER = (("q_proj", "k_proj", "v_proj"), ("gate_proj", "up_proj"))


class Merged(nn.Module):
    """Several linear maps of one input in one product."""

    weight: torch.Tensor
    bias: torch.Tensor | None

    def __init__(self, linears: Sequence[nn.Linear]) -> None:
        super().__init__()
        self.sizes = [linear.out_features for linear in linears]
        self.register_buffer("weight", joined([linear.weight for linear in linears]))
        biases = [linear.bias for linear in linears if linear.bias is not None]
        self.register_buffer("bias", joined(biases) if biases else None)
        self.parts: tuple[torch.Tensor, ...] = ()
        self.linear: Callable[..., torch.Tensor] = functional.linear

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """The first map of an input (..., in); the others' wait in ``parts``."""
        product = self.linear(inputs, self.weight, self.bias)
        self.parts = product.split(self.sizes, dim=-1)
        return self.parts[0]


class Waiting(nn.Module):
    """Another map of the same input: computed already."""

    def __init__(self, merged: Merged, place: int) -> None:
        super().__init__()
        self._merged = [merged]  # not a submodule a second time
        self._place = place

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Its part of the product; the last to ask lets the product go."""
        merged = self._merged[0]
        part = merged.parts[self._place]
        if self._place == len(merged.sizes) - 1:
            merged.parts = ()
        return part


def merge_linears(model: nn.Module) -> None:
    """Merge what can be, in place."""
    for module in list(model.modules()):
        for names in TOGETHER:
            parts = [getattr(module, name, None) for name in names]
            linears = [part for part in parts if isinstance(part, nn.Linear)]
            if len(linears) != len(names) or len({part.bias is None for part in linears}) != 1:
                continue
            merged = Merged(linears)
            setattr(module, names[0], merged)
            for place, name in enumerate(names[1:], 1):
                setattr(module, name, Waiting(merged, place))
