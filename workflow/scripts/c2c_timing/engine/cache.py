"""A KV cache whose memory is taken before the clock starts.

transformers' ``DynamicCache`` grows by concatenation: it copies the whole cache at every token.
Here each layer writes into a buffer of the request's final length instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from transformers.cache_utils import Cache, DynamicLayer

from .padding import Padding

# The first token in a cache, and the one after the last.
Span = tuple[int, int]


class KVShape(NamedTuple):
    """Heads and head size of one layer's keys (values have the same, in every mapped model)."""

    heads: int
    head_dim: int


class PreallocatedLayer(DynamicLayer):
    """One layer's keys and values, each (1, heads, tokens, head_dim): a view of a fixed buffer."""

    def __init__(self, buffer: torch.Tensor) -> None:
        """Take memory for keys and values: (2, 1, heads, capacity, head_dim)."""
        super().__init__()
        self.dtype, self.device = buffer.dtype, buffer.device
        self.key_buffer, self.value_buffer = buffer.unbind()
        self.length = 0
        self.keys, self.values = self.key_buffer[:, :, :0], self.value_buffer[:, :, :0]
        self.is_initialized = True

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *args, **kwargs
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Append new tokens' keys and values; return those of all tokens so far."""
        start, end = self.length, self.length + key_states.shape[-2]
        self.key_buffer[:, :, start:end] = key_states
        self.value_buffer[:, :, start:end] = value_states
        self.length = end
        self.keys, self.values = self.key_buffer[:, :, :end], self.value_buffer[:, :, :end]
        return self.keys, self.values

    def get_seq_length(self) -> int:
        """Tokens written so far."""
        return self.length

    def get_max_length(self) -> int:
        """Tokens that the buffer holds."""
        return self.key_buffer.shape[-2]

    def set_back(self, length: int) -> None:
        """Forget all but the first tokens, so that the others' place is written again."""
        self.length = length
        self.keys, self.values = self.span(0, length)

    def span(self, start: int, end: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Keys and values of tokens ``start`` to ``end``, as views: writing to them writes here."""
        return self.key_buffer[:, :, start:end], self.value_buffer[:, :, start:end]


class KVCache(Cache):
    """One ``PreallocatedLayer`` a model layer, all for the same number of tokens.

    Attributes:
        buffers: the layers.
        memory: that of all layers, (layers, 2, 1, heads, capacity, head_dim), where they have equal
            shapes; None where they do not.
        padding: of the prompt that is read into it; None where there is none.
    """

    padding: Padding | None = None

    def __init__(
        self, shapes: Sequence[KVShape], capacity: int, dtype: torch.dtype, device: torch.device
    ) -> None:
        self.memory, buffers = allocate(shapes, capacity, dtype, device)
        self.buffers = [PreallocatedLayer(buffer) for buffer in buffers]
        super().__init__(layers=list(self.buffers))

    def set_back(self, length: int) -> None:
        """Forget all but the first tokens in every layer."""
        for layer in self.buffers:
            layer.set_back(length)

    def tensors(self) -> list[torch.Tensor]:
        """Keys and values of every layer, for all tokens that the buffers hold."""
        return [t for layer in self.buffers for t in (layer.key_buffer, layer.value_buffer)]


def allocate(
    shapes: Sequence[KVShape], capacity: int, dtype: torch.dtype, device: torch.device
) -> tuple[torch.Tensor | None, list[torch.Tensor]]:
    """Memory for all layers in one piece, if it can be, and each layer's part of it."""

    def empty(*size: int) -> torch.Tensor:
        return torch.empty(size, dtype=dtype, device=device)

    if len(set(shapes)) == 1:
        heads, head_dim = shapes[0]
        memory = empty(len(shapes), 2, 1, heads, capacity, head_dim)
        return memory, list(memory.unbind())
    return None, [empty(2, 1, shape.heads, capacity, shape.head_dim) for shape in shapes]
