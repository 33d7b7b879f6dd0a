"""A loaded pair on its device: prompts become requests, requests become answers with times."""

from __future__ import annotations

import functools
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from .cards.dataset_card import DatasetCard
from .data.background import FOLLOW_UP, background_request
from .data.prompts import Prompt, truncate_middle
from .errors import SampleError
from .meters.clock import Reading, StageClock, clock_for
from .meters.peak_memory import peak_memory_of
from .meters.wall_times import WallTimes
from .record import timing_of
from .settings import RunSettings

if TYPE_CHECKING:
    from .engine.prompt_ids import TokenizedPrompt
    from .engine.request import Request
    from .methods.answer import Answer
    from .methods.text_exchange import TextExchange

# Wording of a request for background, beside the prompt that it may hold.
REQUEST_TOKENS = 128


@dataclass(frozen=True)
class Timed:
    """One timed request; the peak of memory while it ran is None where it cannot be known."""

    answer: Answer
    reading: Reading
    timing: dict
    peak_memory_bytes: int | None


class Session:
    """A loaded pair on its device, for any number of shards."""

    def __init__(self, settings: RunSettings, walls: WallTimes) -> None:
        with walls.book("imports"):
            import torch
            import transformers

            from .engine import pair as pair_module
            from .engine.devices import resolve_device
            from .methods import ARMS
        transformers.utils.logging.set_verbosity_error()
        transformers.utils.logging.disable_progress_bar()
        self.settings, self.torch, self.arms = settings, torch, ARMS
        with walls.book("loading"):
            device = resolve_device(settings.device)
            if device.type == "cuda":
                torch.cuda.set_device(device)
                # cuDNN's attention builds a plan for every new cache length, tens of milliseconds
                # each, and keeps it: whichever arm meets a length first would pay for the others.
                torch.backends.cuda.enable_cudnn_sdp(False)
            self.pair = pair_module.load_pair(settings.pair, device, settings.dtype, settings.seed)
            self.model_config = pair_module.describe(settings.pair, settings.dtype, device)
            self.memory = peak_memory_of(device)

    @functools.cached_property
    def shapes(self) -> dict:
        """What the pair's parts weigh; to be asked for after the last request of a record."""
        from .engine.shapes import describe_shapes

        return describe_shapes(self.pair)

    def prepare(self, prompt: Prompt, card: DatasetCard, subject: str) -> TokenizedPrompt:
        """Truncate where the card says so, tokenize, and put the request on the device.

        Raises:
            SampleError: the prompt is too short, too long, or has ids that a model does not know.
        """
        settings = self.settings
        tokenized = self._tokenized(prompt, card, subject)
        length, limit = tokenized.request.base_ids.shape[1], settings.max_prompt_tokens
        if limit and not card.truncation and length > limit:
            raise SampleError(
                "tokenize", f"prompt of {length} tokens; max_prompt_tokens is {limit}"
            )
        return tokenized

    def prepare_for(
        self, methods: Collection[str], prompt: Prompt, card: DatasetCard, subject: str
    ) -> TokenizedPrompt:
        """``prepare``, and what ``t2t`` needs besides, where it is among the methods."""
        tokenized = self.prepare(prompt, card, subject)
        return self.with_exchange(tokenized, prompt, card) if "t2t" in methods else tokenized

    def with_exchange(
        self, tokenized: TokenizedPrompt, prompt: Prompt, card: DatasetCard
    ) -> TokenizedPrompt:
        """Add what ``t2t`` needs: the teacher's request, and the way of its message to the base.

        Raises:
            SampleError: request and message do not fit a context window.
        """
        max_new_tokens = tokenized.request.decoding.max_new_tokens
        if card.truncation:
            prompt = self._truncated(prompt, card.truncation.max_tokens, max_new_tokens)
        exchange = self._exchange(prompt, max_new_tokens)
        return replace(tokenized, request=replace(tokenized.request, exchange=exchange))

    def with_other_text(
        self, tokenized: TokenizedPrompt, other: Prompt, card: DatasetCard, subject: str
    ) -> TokenizedPrompt:
        """Let the teachers of ``c2c_shuffled`` read another prompt.

        Raises:
            SampleError: the other prompt cannot be tokenized.
        """
        from .engine.request import with_teacher_text_of

        read = self._tokenized(other, card, subject)
        try:
            request = with_teacher_text_of(tokenized.request, read.request)
        except ValueError as error:
            raise SampleError("tokenize", str(error)) from None
        return replace(tokenized, request=request)

    def _tokenized(self, prompt: Prompt, card: DatasetCard, subject: str) -> TokenizedPrompt:
        from .engine.decoding import Decoding
        from .engine.prompt_ids import tokenize_prompt

        settings = self.settings
        max_new_tokens = settings.max_new_tokens or card.max_new_tokens_for(subject)
        decoding = Decoding(
            max_new_tokens,
            temperature=settings.temperature,
            top_p=settings.top_p,
            top_k=settings.top_k,
            seed=settings.seed,
        )
        if card.truncation:
            prompt = self._truncated(prompt, card.truncation.max_tokens, max_new_tokens)
        return tokenize_prompt(
            prompt.messages, prompt.chat, self.pair, settings.pair.alignment, decoding
        )

    def time_request(self, method: str, view: str, tokenized: TokenizedPrompt) -> Timed:
        """One timed request by one method, at natural or fixed length."""
        request = tokenized.request.at_length(view)
        clock = self.new_clock(request)
        self.memory.reset()
        answer = self.answer(method, request, clock)
        peak_memory_bytes = self.memory.peak_bytes()
        reading = clock.read()
        timing = timing_of(reading, answer.projector_calls, tokenized.tokenize_ms_of(method))
        return Timed(answer, reading, timing, peak_memory_bytes)

    def answer(self, method: str, request: Request, clock: StageClock) -> Answer:
        """Run one request by one method, under any clock."""
        with self.torch.inference_mode():
            return self.arms[method](self.pair, request, clock)

    def new_clock(self, request: Request) -> StageClock:
        """The device's clock, with room for every stage of the request by any method."""
        return clock_for(self.pair.device.type, self.most_marks(request))

    def most_marks(self, request: Request) -> int:
        """The most stages, every decode step included, that a request has by any method."""
        marks = 8 * (len(request.sections) + 1) * (1 + len(self.pair.teachers))
        marks += request.decoding.max_new_tokens
        if request.exchange:
            marks += request.exchange.message_max_tokens
        return marks

    def finish(self) -> None:
        """Wait until the device has done all that was asked of it."""
        if self.pair.device.type == "cuda":
            self.torch.cuda.synchronize()

    def release_memory(self) -> None:
        """After a request that did not fit."""
        if self.pair.device.type == "cuda":
            self.torch.cuda.empty_cache()

    def _truncated(self, prompt: Prompt, most: int, max_new_tokens: int) -> Prompt:
        from .engine.prompt_ids import room_for_prompt

        # All methods of a sample get the same prompt, so the message's room is kept free for all.
        is_t2t = "t2t" in self.settings.methods
        message = 2 * self.settings.message_max_tokens + REQUEST_TOKENS if is_t2t else 0
        room = room_for_prompt(self.pair, max_new_tokens + message)
        limit = min(most, room, self.settings.max_prompt_tokens or room)
        *history, last = prompt.messages
        text = truncate_middle(last["content"], self.pair.base.tokenizer, limit)
        return replace(prompt, messages=[*history, {**last, "content": text}])

    def _exchange(self, prompt: Prompt, max_new_tokens: int) -> TextExchange:
        from .methods.text_exchange import build_exchange

        *history, last = prompt.messages
        request = background_request(prompt.question or last["content"])
        return build_exchange(
            before=[*history, {"role": "user", "content": request}],
            after=last if prompt.question else {"role": "user", "content": FOLLOW_UP},
            is_chat=prompt.chat,
            base=self.pair.base,
            teacher=self.pair.teachers[0],
            message_max_tokens=self.settings.message_max_tokens,
            max_new_tokens=max_new_tokens,
            device=self.pair.device,
        )
