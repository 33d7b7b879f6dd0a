"""What a method gets of a sample, what it makes of it before the clock starts, what it hands back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Self

from ..data.prompts import Prompt
from ..engine.pair import ModelPair
from ..engine.prompt_ids import TokenizedPrompt
from ..engine.request import Request
from ..settings import RunSettings


@dataclass(frozen=True)
class Sample:
    """One sample, read and tokenized: all that a method's ``prepare`` may need.

    Attributes:
        prompt: what is asked, cut where the data set's card says so.
        tokenized: the same in ids of every model, laid out as C2C reads it.
        other: another sample of the shard, for controls.

    ``other`` raises a ``SampleError`` where there is none that can be read.
    """

    id: str
    pair: ModelPair
    settings: RunSettings
    prompt: Prompt
    tokenized: TokenizedPrompt
    other: Callable[[], Sample]


@dataclass(frozen=True)
class Task:
    """One sample made ready for one method; everything on the device.

    Attributes:
        request: ids of every model, and how the answer is generated.
        tokenize_ms: what this method alone would have to tokenize before its request.
        facts: what its models read, for the record.
    """

    request: Request
    tokenize_ms: float
    facts: dict[str, Any]

    def at_length(self, view: str) -> Self:
        """The same task at ``natural`` length, or at ``fixed`` length: exactly all tokens."""
        return replace(self, request=self.request.at_length(view))

    def shortened(self, tokens: int) -> Self:
        """The same task with at most so many tokens of each text that is generated."""
        return replace(self, request=self.request.shortened(tokens))

    def most_marks(self) -> int:
        """The most stages, every decode step included, that its request has."""
        return self.request.most_marks()

    def with_calls(self, through: Callable[[Any, dict], Any]) -> Self:
        """The same task, calls of its own that are stages going ``through`` a stand-in (probes)."""
        return self


@dataclass(frozen=True)
class Answer:
    """What a method hands back; the times are in the clock.

    Attributes:
        ids: of the answer.
        projector_calls: projections made; None where there are none to make.
        facts: what the models read that only the run could tell, for the record.
    """

    ids: list[int]
    projector_calls: int | None = None
    facts: dict[str, Any] = field(default_factory=dict)


def prompt_facts(sample: Sample) -> dict[str, Any]:
    """What the base reads that reads the prompt as it is, for the record; lengths in tokens."""
    request = sample.tokenized.request
    return {
        "prompt": sample.tokenized.text,
        "prompt_length": request.base_ids.shape[1],
        "teacher_prompt_length": None,
        "sections": None,
        "base_padding_tokens": None,
        "teacher_padding_tokens": None,
    }
