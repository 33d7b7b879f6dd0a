"""A KV cache at fixed addresses: memory, ids and position are tensors that captures hold on to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from transformers.cache_utils import Cache, CacheLayerMixin

from ..cache import KVShape, allocate
from ..padding import Padding

UNKNOWN = -1


class StaticCache:
    """Keys and values of one model's request, with the ids that are decoded beside them.

    Attributes:
        memory: of all layers, (layers, 2, 1, heads, capacity, head_dim), where they have equal shapes.
        layers: keys and values of each layer, (2, 1, heads, capacity, head_dim).
        ids: (1, capacity + 1): the token at a position, which the step there is fed.
        position: (1,), on the device: where the next token goes.
        length: the same on the host.
        padding: of the prompt that is read into it; None where there is none.
        seen: (1, capacity) bool, false where the prompt has padding; read under a mask alone.
    """

    def __init__(
        self, shapes: Sequence[KVShape], capacity: int, dtype: torch.dtype, device: torch.device
    ) -> None:
        self.capacity = capacity
        self.memory, self.layers = allocate(shapes, capacity, dtype, device)
        self.ids = torch.zeros((1, capacity + 1), dtype=torch.long, device=device)
        self.position = torch.zeros(1, dtype=torch.long, device=device)
        self.seen = torch.ones((1, capacity), dtype=torch.bool, device=device)
        self.padding: Padding | None = None
        self.length = self._device_length = 0
        self.clear()
        # As the models see it: written from its beginning, and from ``position`` on.
        self.fresh, self.continued = WritingCache(self, None), WritingCache(self, self.position)

    def get_seq_length(self) -> int:
        """Tokens written so far."""
        return self.length

    def clear(self) -> None:
        """Forget everything, whatever a request that failed has left; before the clock starts."""
        for layer in self.layers:
            layer.zero_()  # masked places are multiplied by zero: they must be finite
        self.set_back(0)
        self._device_length = UNKNOWN

    def set_back(self, length: int) -> None:
        """Forget all but the first tokens, so that the others' place is written again."""
        self.length = length

    def expect(self, padding: Padding | None) -> None:
        """Of the prompt that comes next; before the clock starts."""
        self.padding = padding
        if padding is not None:
            self.seen.fill_(True)
            seen = padding.seen[:, : self.capacity]  # a teacher does not read a prompt's end
            self.seen[:, : seen.shape[1]].copy_(seen)

    def masks(self, tokens: int) -> bool:
        """Whether the next tokens are read under the mask."""
        return self.padding is not None and self.padding.masks(self.length, self.length + tokens)

    def room_from(self, start: int, tokens: int) -> int:
        """How many places ``tokens`` may be padded to from ``start`` on.

        From the beginning it is one less, since a compiler tells all of a tensor from a part of it.
        """
        return max(tokens, self.capacity - max(start, 1))

    def tensors(self) -> list[torch.Tensor]:
        """Keys and values of every layer, each (1, heads, capacity, head_dim)."""
        return [states for layer in self.layers for states in layer.unbind()]

    def point_at(self, position: int) -> None:
        """Let the device's position be this one; nothing is sent where it is already."""
        if self._device_length != position:
            self.position.fill_(position)
            self._device_length = position

    def advanced(self, tokens: int, is_counted: bool) -> None:
        """So many tokens were written; ``is_counted`` where the device has counted them itself."""
        self.length += tokens
        if is_counted:
            self._device_length += tokens


class _Layer(CacheLayerMixin):
    """One layer's place in a static cache, as transformers' models see it."""

    is_compileable = True
    is_sliding = False
    is_initialized = True

    def __init__(self, memory: torch.Tensor, start: torch.Tensor | None) -> None:
        super().__init__()
        self.own_keys, self.own_values = memory.unbind()
        self.keys, self.values = self.own_keys, self.own_values
        self._start = start

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *args: Any, **kwargs: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Write new tokens; return those to attend to.

        At the beginning of the cache these are the new ones alone, elsewhere the whole buffer.
        """
        tokens = key_states.shape[2]
        if self._start is None:
            self.own_keys[:, :, :tokens].copy_(key_states)
            self.own_values[:, :, :tokens].copy_(value_states)
            return key_states, value_states
        places = self._start
        if tokens > 1:
            places = places + torch.arange(tokens, device=places.device)
        self.own_keys.index_copy_(2, places, key_states)
        self.own_values.index_copy_(2, places, value_states)
        return self.own_keys, self.own_values

    def lazy_initialization(self, *args: Any, **kwargs: Any) -> None:
        """It is there already."""

    def get_seq_length(self) -> int:
        """Not asked for: positions are given."""
        return 0

    def get_mask_sizes(self, *args: Any, **kwargs: Any) -> tuple[int, int]:
        """Not asked for: ``attention`` masks by position."""
        return self.own_keys.shape[2], 0

    def get_max_length(self) -> int:
        """Tokens that the buffer holds."""
        return self.own_keys.shape[2]

    get_max_cache_shape = get_max_length  # as transformers called it before 5.20


class WritingCache(Cache):
    """A static cache to transformers' models: written from its beginning, or from ``start`` on."""

    def __init__(self, cache: StaticCache, start: torch.Tensor | None) -> None:
        self.places = [_Layer(layer, start) for layer in cache.layers]
        super().__init__(layers=list(self.places))
        self._of_layer = [LayerCache(place) for place in self.places]

    def of_layer(self, number: int) -> LayerCache:
        """One layer's place, for who sees no other (``regions``)."""
        return self._of_layer[number]


class LayerCache:
    """One layer's place in a cache, whatever number it is asked for by."""

    is_compileable = True

    def __init__(self, place: _Layer) -> None:
        self.place = place

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *args: Any, **kwargs: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Write new tokens; return those to attend to."""
        return self.place.update(key_states, value_states)
