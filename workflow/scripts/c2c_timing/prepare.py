"""From rows to tasks: read, cut, tokenize, and let every method prepare what it needs besides."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from .cards.dataset_card import DatasetCard
from .data.prompts import Prompt, build_prompt, content_length, shorten
from .data.sources import Row
from .engine.decoding import Decoding
from .engine.pair import ModelPair
from .engine.prompt_ids import TokenizedPrompt, room_for_prompt, tokenize_prompt
from .errors import SampleError
from .method_table import METHODS, method_of
from .methods import Method
from .methods.task import Sample, Task
from .settings import RunSettings

NO_OTHER = "the method needs another readable sample in the shard"
# Tasks by method, and why some methods have none.
Prepared = tuple[dict[str, Task], dict[str, Exception]]


class Preparation:
    """Makes tasks for a loaded pair, as the settings of the run say."""

    def __init__(
        self, settings: RunSettings, pair: ModelPair, methods: Mapping[str, Method]
    ) -> None:
        self._settings, self._pair, self._methods = settings, pair, methods

    def tasks_of_row(self, card: DatasetCard, subject: str, row: Row) -> Prepared:
        """A task of the row for every method of the run, and what kept some methods from it.

        Raises:
            Exception: of any kind, where no method can have one.
        """
        if row.problem:
            raise SampleError("read", row.problem)

        def other() -> Sample:
            if row.other is None:
                raise SampleError("prompt", NO_OTHER)
            prompt = build_prompt(card, subject, row.other.values)
            return self._sample(row.other.id, prompt, card, subject, no_other)

        prompt = build_prompt(card, subject, row.values)
        return self.tasks(self.sample(prompt, card, subject, row.id, other))

    def sample(
        self,
        prompt: Prompt,
        card: DatasetCard,
        subject: str,
        sample_id: str = "",
        other: Callable[[], Sample] | None = None,
    ) -> Sample:
        """Truncate where the card says so, tokenize, and put the request on the device.

        Raises:
            SampleError: the prompt is too short, too long, or has ids that a model does not know.
        """
        limit = self._settings.max_prompt_tokens
        if limit and not card.truncation:
            length = content_length(prompt.messages, self._pair.base.tokenizer)
            if length > limit:
                raise SampleError(
                    "tokenize",
                    f"prompt of {length} tokens before the chat template; max_prompt_tokens is "
                    f"{limit}",
                )
        return self._sample(sample_id, prompt, card, subject, other or no_other)

    def tasks(self, sample: Sample) -> Prepared:
        """A task of the sample for every arm of the run, and what kept some arms from it."""
        tasks, troubles = {}, {}
        told = {"prompt_truncated": sample.prompt.is_truncated}
        for name in self._settings.arms:
            try:
                task = self._methods[method_of(name)].prepare(sample)
                tasks[name] = replace(task, facts=told | task.facts)
            except Exception as error:  # what only one method needs is its trouble alone
                troubles[name] = error
        return tasks, troubles

    def _sample(
        self,
        sample_id: str,
        prompt: Prompt,
        card: DatasetCard,
        subject: str,
        other: Callable[[], Sample],
    ) -> Sample:
        settings = self._settings
        max_new_tokens = settings.max_new_tokens or card.max_new_tokens_for(subject)
        if card.truncation:
            prompt = self._truncated(prompt, card.truncation.max_tokens, max_new_tokens)
        tokenized = self._tokenized(prompt, max_new_tokens)
        return Sample(sample_id, self._pair, settings, prompt, tokenized, other)

    def _tokenized(self, prompt: Prompt, max_new_tokens: int) -> TokenizedPrompt:
        settings = self._settings
        decoding = Decoding(
            max_new_tokens,
            temperature=settings.temperature,
            top_p=settings.top_p,
            top_k=settings.top_k,
            seed=settings.seed,
        )
        return tokenize_prompt(
            prompt.messages, prompt.chat, self._pair, settings.pair.alignment, decoding
        )

    def _truncated(self, prompt: Prompt, most: int, max_new_tokens: int) -> Prompt:
        settings = self._settings
        beside = max(METHODS[name].room(settings) for name in settings.methods)
        room = room_for_prompt(self._pair, max_new_tokens + beside)
        limit = min(most, room, settings.max_prompt_tokens or room)
        return shorten(prompt, self._pair.base.tokenizer, limit)


def no_other() -> Sample:
    """Where a sample stands alone."""
    raise SampleError("prompt", NO_OTHER)
