"""One model's moves on static caches; how they are made fast is the runtime's business (``Kit``)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import product

import torch

from ..causal_lm import CausalLM
from ..decoding import Decoding, ReadAtOnce, ReadBehind, Step, greedy
from ..padding import Padding
from .buckets import capacity_bucket, padded
from .cache import StaticCache
from .kit import Kit
from .twin import twin_of

# Caches of so many capacities are kept, with what was captured for them.
MOST_CAPACITIES = 8
# A chat has a prompt for each of its sections, and needs all of them at once.
MOST_PROMPTS = 64
# What a compiler sees first.
FIRST_TOKENS, FIRST_CAPACITY = 64, 160


class StaticMoves:
    """What a request does with one model, on memory that is there before the clock starts."""

    def __init__(self, lm: CausalLM, kit: Kit) -> None:
        self.lm, self._kit = lm, kit
        self.model = kit.tuned(twin_of(lm.model))
        self._decoder = self.model.get_decoder()
        self._embedding = self.model.get_input_embeddings()
        self._is_cuda = lm.model.device.type == "cuda"
        self._caches = kit.shelf("cache", MOST_CAPACITIES, self.make_cache)
        self._prompts = kit.shelf("prompt", MOST_PROMPTS, self._make_prompt)
        # What is made ahead of a prefill (continued, masked) and of a step (masked).
        either = (False, True)
        self._firsts: dict[tuple, Callable[[], None]] = {
            ("prefill", *how): partial(self._first_prefill, *how) for how in product(either, either)
        } | {("step", masked): partial(self._first_step, masked) for masked in either}

    def new_cache(self, capacity: int, padding: Padding | None = None) -> StaticCache:
        """An empty cache with memory for ``capacity`` tokens: the one of this bucket, set back."""
        cache = self._caches.take(capacity_bucket(capacity))
        cache.clear()
        cache.expect(padding)
        return cache

    def embed(self, ids: torch.Tensor) -> torch.Tensor:
        """Ids (1, tokens) to embeddings (1, tokens, hidden), where the prefill will read them."""
        tokens = ids.shape[1]
        if not tokens:
            return self._embedding(ids)
        embeddings = self._prompts.take(padded(tokens))[:, :tokens]
        embeddings.copy_(self._embedding(ids))
        return embeddings

    def prefill(self, embeddings: torch.Tensor, cache: StaticCache) -> None:
        """Run the layers over embeddings (1, tokens, hidden), filling the cache; no LM head."""
        tokens, start = embeddings.shape[1], cache.length
        if not tokens:  # a part of the template that this model does not have
            return
        room = min(cache.room_from(start, tokens), max(self.lm.context_window - start, tokens))
        size = padded(tokens, room)
        prompt = self._prompts.take(size)
        if embeddings.data_ptr() != prompt.data_ptr():
            prompt[:, :tokens].copy_(embeddings)
        if start:
            cache.point_at(start)
        is_masked = cache.masks(tokens)
        self._kit.run(
            ("prefill", size, start > 0, is_masked),
            (cache, prompt),
            lambda: self._prefill(prompt, cache, start > 0, is_masked),
            self._firsts["prefill", start > 0, is_masked],
        )
        cache.advanced(tokens, is_counted=False)

    def stepper(self, decoding: Decoding) -> Step:
        """The decode step of one request; a greedy choice is part of it, a sampled one follows it."""
        choose = decoding.chooser(self.lm.model.device)

        def step(token: torch.Tensor, cache: StaticCache) -> torch.Tensor:
            place, is_masked = cache.length, cache.masks(1)
            fed, chosen = cache.ids[:, place : place + 1], cache.ids[:, place + 1 : place + 2]
            if token.data_ptr() != fed.data_ptr():
                fed.copy_(token)
            cache.point_at(place)
            if choose is greedy:
                self._kit.run(
                    ("greedy step", is_masked),
                    (cache,),
                    lambda: self._greedy_step(cache, is_masked),
                    self._firsts["step", is_masked],
                    [cache.position],
                )
            else:
                logits = self._kit.run(
                    ("logits", is_masked),
                    (cache,),
                    lambda: self._counted_logits(cache, is_masked),
                    self._firsts["step", is_masked],
                    [cache.position],
                )
                chosen.copy_(choose(logits))
            cache.advanced(1, is_counted=True)
            return chosen

        return Step(step, ReadBehind() if self._is_cuda else ReadAtOnce())

    def make_cache(self, capacity: int) -> StaticCache:
        """A new cache, of exactly that capacity."""
        model = self.lm.model
        cache = StaticCache(self.lm.kv_shapes, capacity, model.dtype, model.device)
        self._let_vary(cache)
        return cache

    def _first_prefill(self, is_continued: bool, is_masked: bool) -> None:
        cache = self.make_cache(FIRST_CAPACITY)
        if is_continued:
            cache.point_at(1)
        self._prefill(self._make_prompt(FIRST_TOKENS), cache, is_continued, is_masked)

    def _first_step(self, is_masked: bool) -> None:
        self._greedy_step(self.make_cache(FIRST_CAPACITY), is_masked)

    def _make_prompt(self, size: int) -> torch.Tensor:
        """Memory for the embeddings of a prompt, (1, size, hidden)."""
        weight = self._embedding.weight
        prompt = torch.zeros((1, size, weight.shape[1]), dtype=weight.dtype, device=weight.device)
        return self._kit.varies(prompt, 1)

    def _let_vary(self, cache: StaticCache) -> None:
        """Other caches will have other capacities."""
        self._kit.varies(cache.ids, 1)
        self._kit.varies(cache.seen, 1)
        for view in (cache.fresh, cache.continued):
            for place in view.places:
                self._kit.varies(place.own_keys, 2)
                self._kit.varies(place.own_values, 2)

    def _prefill(
        self, embeddings: torch.Tensor, cache: StaticCache, is_continued: bool, is_masked: bool
    ) -> None:
        positions = torch.arange(embeddings.shape[1], device=embeddings.device)
        if is_continued:
            positions = positions + cache.position
        written = cache.continued if is_continued else cache.fresh
        self._decoder(
            inputs_embeds=embeddings,
            position_ids=positions[None],
            use_cache=True,
            kv_position=cache.position if is_continued else None,
            kv_seen=cache.seen if is_masked else None,
            **{self.lm.cache_keyword: written},
        )

    def _logits(self, cache: StaticCache, is_masked: bool) -> torch.Tensor:
        """The logits (1, vocabulary) after the token at the cache's position."""
        output = self.model(
            input_ids=cache.ids.index_select(1, cache.position),
            position_ids=cache.position[None],
            use_cache=True,
            logits_to_keep=1,
            kv_position=cache.position,
            kv_seen=cache.seen if is_masked else None,
            **{self.lm.cache_keyword: cache.continued},
        )
        return output.logits[:, -1]

    def _greedy_step(self, cache: StaticCache, is_masked: bool) -> None:
        chosen = greedy(self._logits(cache, is_masked))
        cache.ids.index_copy_(1, cache.position + 1, chosen)
        cache.position.add_(1)

    def _counted_logits(self, cache: StaticCache, is_masked: bool) -> torch.Tensor:
        logits = self._logits(cache, is_masked)
        cache.position.add_(1)
        return logits
