"""transformers' models and the projectors as they are called, one kernel after the other."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from ..cache import KVCache, Span
from ..causal_lm import CausalLM
from ..decoding import Decoding, ReadAtOnce, Step
from ..fuser import project_into
from ..padding import Padding
from ..pair import ModelPair
from . import RunningPair


class EagerMoves:
    """One model's moves, through transformers' public interface only."""

    def __init__(self, lm: CausalLM) -> None:
        self.lm = lm

    def new_cache(self, capacity: int, padding: Padding | None = None) -> KVCache:
        """An empty cache with memory for ``capacity`` tokens."""
        cache = KVCache(self.lm.kv_shapes, capacity, self.lm.model.dtype, self.lm.model.device)
        cache.padding = padding
        return cache

    def embed(self, ids: torch.Tensor) -> torch.Tensor:
        """Ids (1, tokens) to embeddings (1, tokens, hidden)."""
        return self.lm.embedding(ids)

    def prefill(self, embeddings: torch.Tensor, cache: KVCache) -> None:
        """Run the layers over embeddings (1, tokens, hidden), filling the cache; no LM head."""
        if not embeddings.shape[1]:  # a part of the template that this model does not have
            return
        self.lm.decoder(
            inputs_embeds=embeddings,
            use_cache=True,
            **{self.lm.cache_keyword: cache},
            **_mask(cache, embeddings.shape[1]),
        )

    def logits(self, token: torch.Tensor, cache: KVCache) -> torch.Tensor:
        """A token (1, 1) to the logits (1, vocabulary) of the next one."""
        output = self.lm.model(
            input_ids=token,
            use_cache=True,
            logits_to_keep=1,
            **{self.lm.cache_keyword: cache},
            **_mask(cache, 1),
        )
        return output.logits[:, -1]

    def stepper(self, decoding: Decoding) -> Step:
        """The decode step of one request."""
        choose = decoding.chooser(self.lm.model.device)

        def step(token: torch.Tensor, cache: KVCache) -> torch.Tensor:
            return choose(self.logits(token, cache))

        return Step(step, ReadAtOnce())


def _mask(cache: KVCache, tokens: int) -> dict[str, torch.Tensor]:
    """What a model is told of padding before it reads so many tokens more: mostly nothing."""
    if cache.padding is None:
        return {}
    start = cache.get_seq_length()
    end = start + tokens
    if not cache.padding.masks(start, end):
        return {}
    # Positions are told because some models count them from the mask.
    return {
        "attention_mask": cache.padding.seen[:, :end],
        "position_ids": cache.padding.positions[:, start:end],
    }


def open_pair(pair: ModelPair) -> RunningPair:
    """The pair as it was loaded."""

    def project(
        base_cache: KVCache, base_span: Span, teachers: Sequence[tuple[KVCache, Span]]
    ) -> int:
        sources = [
            (fuser, cache, span) for fuser, (cache, span) in zip(pair.fusers, teachers, strict=True)
        ]
        return project_into(base_cache, base_span, sources, pair.fusion_mode)

    return RunningPair(
        EagerMoves(pair.base), list(map(EagerMoves, pair.teachers)), project, pair.device
    )
