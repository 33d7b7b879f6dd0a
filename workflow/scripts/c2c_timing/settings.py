"""Everything that determines a run, as plain values. Never imports torch."""

from __future__ import annotations

import itertools
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from .cards.pair_card import PairCard
from .data.sources import SourceSpec
from .method_table import SUBJECT, again, is_again, method_of
from .runtime_table import REFERENCE

LENGTH_VIEWS = ("natural", "fixed")
DTYPES = ("float32", "bfloat16", "float16")


@dataclass(frozen=True)
class RunSettings:
    """How shards are timed: one value of this serves all shards of a command.

    Attributes:
        methods, runtimes: names of rows of ``method_table`` and ``runtime_table``.
        length_views: ``natural``: an answer ends where the model ends it; ``fixed``: every answer (and
            every message of text-to-text) has exactly the most tokens.
        repeats: times that every sample is run by every method under every runtime; with
            ``target_interval`` at the first look.
        processes: fresh processes that time the shard one after another, each all of it.
        resolution: one method is run under two names (``arms``).
        target_interval: samples are repeated until the intervals of all speed-ups are so narrow: half
            the width of the logarithm's, as a factor less 1. None: ``repeats`` times and no more.
        max_repeats: of a sample in one process, with ``target_interval``.
        message_max_tokens: longest message of the teacher in text-to-text.
        max_new_tokens: None takes the data set card's own number.
        max_prompt_tokens: longest prompt, in the base's tokens of its messages before the chat
            template; what is longer loses its middle where the card truncates, else is a failed
            sample. None leaves it to the card and the models' context windows.
        residual_limit: share of the wall time above which a record is flagged.
    """

    pair: PairCard
    methods: tuple[str, ...] = (SUBJECT,)
    runtimes: tuple[str, ...] = (REFERENCE,)
    length_views: tuple[str, ...] = ("natural",)
    repeats: int = 1
    processes: int = 1
    resolution: bool = False
    target_interval: float | None = None
    max_repeats: int = 8
    message_max_tokens: int = 256
    source: SourceSpec = field(default_factory=lambda: SourceSpec("builtin"))
    num_samples: int | None = None
    selection: str = "first"
    max_new_tokens: int | None = None
    max_prompt_tokens: int | None = None
    temperature: float = 0.0
    top_p: float = 1.0
    top_k: int = 0
    device: str = "auto"
    dtype: str = "float32"
    seed: int = 0
    residual_limit: float = 0.02

    @property
    def arms(self) -> tuple[str, ...]:
        """The methods as they are timed: with ``resolution`` one of them has a second arm."""
        if not self.resolution:
            return self.methods
        return *self.methods, again(SUBJECT if SUBJECT in self.methods else self.methods[0])

    @property
    def looks(self) -> tuple[int, ...]:
        """How many repeats there are at each look at the intervals: doubled from look to look."""
        if self.target_interval is None:
            return (self.repeats,)
        looks = []
        number = self.repeats
        while number < self.max_repeats:
            looks.append(number)
            number *= 2
        return *looks, self.max_repeats

    def compared(self) -> list[tuple[tuple[str, str, str], tuple[str, str, str]]]:
        """Two sides of each comparison that tables are about: method, runtime and length view of both."""
        found = []
        for view, runtime in itertools.product(self.length_views, self.runtimes):
            twins = [(method_of(arm), arm) for arm in self.arms if is_again(arm)]
            others = [(SUBJECT, arm) for arm in self.methods if arm != SUBJECT]
            for own, other in [*(others if SUBJECT in self.methods else ()), *twins]:
                found.append(((own, runtime, view), (other, runtime, view)))
            if REFERENCE in self.runtimes and runtime != REFERENCE:
                found += [((m, runtime, view), (m, REFERENCE, view)) for m in self.methods]
        return found

    def as_plain(self) -> dict[str, Any]:
        """For ``_run.json``."""
        plain = asdict(self)
        plain["pair"].pop("files")
        return _strings(plain)


def _strings(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _strings(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_strings(item) for item in value]
    return value.name if isinstance(value, Path) else value
