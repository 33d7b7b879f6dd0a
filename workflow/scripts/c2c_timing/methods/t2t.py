"""Text-to-text: the teacher writes a message, the base reads it in its context and answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Self

from ..engine.decoding import decode
from ..engine.runtimes import RunningPair
from ..meters.clock import StageClock
from ..stages import Stage
from .task import Answer, Sample, Task
from .text_exchange import TextExchange, exchange_for


@dataclass(frozen=True)
class TextTask(Task):
    """A task with the teacher's request, and the way of its message to the base."""

    exchange: TextExchange

    def shortened(self, tokens: int) -> Self:
        """The same task with at most so many tokens of answer, and of message."""
        most = min(tokens, self.exchange.message_max_tokens)
        exchange = replace(self.exchange, message_max_tokens=most)
        return replace(super().shortened(tokens), exchange=exchange)

    def most_marks(self) -> int:
        """Those of a request, and the message's steps."""
        return super().most_marks() + self.exchange.message_max_tokens

    def with_calls(self, through: Callable[[Any, dict], Any]) -> Self:
        """The same task, its handover going through a stand-in."""
        exchange = through(self.exchange, {"base_prompt": Stage.HANDOVER})
        return replace(self, exchange=exchange)


def prepare(sample: Sample) -> TextTask:
    """Tokenize the request for background, and size both caches.

    Raises:
        SampleError: request and message do not fit a context window.
    """
    exchange = exchange_for(sample.prompt, sample.pair, sample.settings, sample.tokenized.request)
    return TextTask(sample.tokenized.request, exchange.tokenize_ms, {}, exchange)


def run(pair: RunningPair, task: TextTask, clock: StageClock) -> Answer:
    """Time one text-to-text request (the baseline of arXiv 2510.03215) with the first teacher."""
    base, teacher, request, exchange = pair.base, pair.teachers[0], task.request, task.exchange
    teacher_cache = teacher.new_cache(exchange.teacher_capacity)
    base_cache = base.new_cache(exchange.base_capacity)
    teacher_step, base_step = teacher.stepper(request.decoding), base.stepper(request.decoding)
    teacher_stops, base_stops = request.stop_ids(teacher.lm), request.stop_ids(base.lm)
    background, last_token = exchange.teacher_ids[:, :-1], exchange.teacher_ids[:, -1:]

    clock.start()
    embeddings = teacher.embed(background)
    clock.mark(Stage.TEACHER_EMBEDDING)
    teacher.prefill(embeddings, teacher_cache)
    clock.mark(Stage.TEACHER_PREFILL)
    message_ids = decode(
        teacher_step,
        last_token,
        teacher_cache,
        exchange.message_max_tokens,
        teacher_stops,
        clock,
        Stage.TEACHER_DECODE,
    )
    prompt = exchange.base_prompt(message_ids)
    clock.mark(Stage.HANDOVER)
    embeddings = base.embed(prompt.ids[:, :-1])
    clock.mark(Stage.BASE_EMBEDDING)
    base.prefill(embeddings, base_cache)
    clock.mark(Stage.BASE_PREFILL)
    ids = decode(
        base_step,
        prompt.ids[:, -1:],
        base_cache,
        request.decoding.max_new_tokens,
        base_stops,
        clock,
    )
    clock.stop()
    return Answer(ids, facts=prompt.facts() | exchange.facts())
