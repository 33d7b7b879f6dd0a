"""One decoder-only model with its tokenizer, and what a request has to know of it."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from transformers.cache_utils import DynamicCache

from ..errors import UserError
from .cache import KVShape
from .context_window import context_window
from .fitness import NEEDED, without_cache


@dataclass
class CausalLM:
    """A causal language model of transformers, used through its public interface only."""

    name: str
    model: Any
    tokenizer: Any
    kv_shapes: list[KVShape] = field(init=False)
    eos_ids: frozenset[int] = field(init=False)
    cache_keyword: str = field(init=False)

    def __post_init__(self) -> None:
        self.embedding = self.model.get_input_embeddings()
        self.decoder = self.model.get_decoder()
        self.cache_keyword = cache_keyword(self.decoder)
        self.kv_shapes = probe_kv_shapes(
            self.name, self.decoder, self.model.device, self.cache_keyword
        )
        self.eos_ids = _eos_ids(self.model, self.tokenizer)

    @property
    def context_window(self) -> int:
        """Tokens that prompt and answer may have together."""
        return context_window(self.model.config)

    @property
    def vocabulary_size(self) -> int:
        """Ids that the embedding knows."""
        return self.embedding.weight.shape[0]

    def text_of(self, ids: Sequence[int]) -> str:
        """Ids to text, without special tokens.

        Made-up weights choose ids that a stand-in tokenizer does not know; they are folded into its
        vocabulary, so that the text has a length like a real one's.
        """
        known = len(self.tokenizer)
        return self.tokenizer.decode([i % known for i in ids], skip_special_tokens=True)


@torch.inference_mode()
def probe_kv_shapes(name: str, decoder: Any, device: torch.device, keyword: str) -> list[KVShape]:
    """Heads and head size of every layer, read off the cache of one token.

    Raises:
        UserError: the model keeps something else than keys and values (state-space layers, say).
    """
    cache = DynamicCache()
    token = torch.zeros((1, 1), dtype=torch.long, device=device)
    try:
        decoder(input_ids=token, use_cache=True, **{keyword: cache})
    except Exception as error:  # whatever its layers miss in such a cache
        raise without_cache(name, error) from error
    shapes = []
    for layer in cache.layers:
        keys, values = getattr(layer, "keys", None), getattr(layer, "values", None)
        if keys is None or values is None or keys.ndim != 4 or keys.shape != values.shape:
            raise UserError(
                f"{name}: not a model with a standard KV cache in every layer; {NEEDED}"
            )
        shapes.append(KVShape(keys.shape[1], keys.shape[3]))
    if not shapes:
        raise UserError(f"{name}: fills no KV cache; {NEEDED}")
    return shapes


def cache_keyword(decoder: Any) -> str:
    """What the model's forward calls its cache; chosen once, so that no timed call is warned.

    transformers 5.24 renames ``past_key_values`` to ``cache``, and warns at the old name until 5.40.
    """
    names = inspect.signature(decoder.forward).parameters
    return "cache" if "cache" in names else "past_key_values"


def _eos_ids(model: Any, tokenizer: Any) -> frozenset[int]:
    """The ids that end an answer: the generation config's, else the config's, else the tokenizer's."""
    for holder in (getattr(model, "generation_config", None), model.config, tokenizer):
        ids = getattr(holder, "eos_token_id", None)
        if ids is not None:
            return frozenset([ids] if isinstance(ids, int) else ids)
    return frozenset()
