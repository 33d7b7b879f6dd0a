"""How a pair's models make their moves, and how it projects: one file a runtime.

A runtime's file has one function, ``open_pair(pair) -> RunningPair``. Methods are written against
what stands here, and name no runtime, no kernel and no projector.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, Protocol

import torch

from ...errors import UserError
from ...runtime_table import RUNTIMES
from ..cache import Span
from ..causal_lm import CausalLM
from ..decoding import Decoding, Step
from ..padding import Padding
from ..pair import ModelPair


class Cache(Protocol):
    """Keys and values of one model's request, in memory that was there before the clock started."""

    def get_seq_length(self) -> int:
        """Tokens written so far."""

    def set_back(self, length: int) -> None:
        """Forget all but the first tokens, so that the others' place is written again."""

    def tensors(self) -> list[torch.Tensor]:
        """The memory itself."""


# (base cache, its span, [(a teacher's cache, its span)]) to the number of projections made.
Project = Callable[[Any, Span, Sequence[tuple[Any, Span]]], int]


class Moves(Protocol):
    """What a request does with one model; caches are those that it made itself."""

    lm: CausalLM

    def new_cache(self, capacity: int, padding: Padding | None = None) -> Cache:
        """An empty cache with memory for ``capacity`` tokens; before the clock starts.

        Args:
            padding: of the prompt that will be read into it: ``prefill`` masks it, and so does the
                step that reads the last prompt token; later steps see it.
        """

    def embed(self, ids: torch.Tensor) -> torch.Tensor:
        """Ids (1, tokens) to embeddings (1, tokens, hidden)."""

    def prefill(self, embeddings: torch.Tensor, cache: Any) -> None:
        """Run the layers over embeddings (1, tokens, hidden), filling the cache; no LM head."""

    def stepper(self, decoding: Decoding) -> Step:
        """The decode step of one request, the choice of the token inside; before the clock starts."""


class Builder(Protocol):
    """What a runtime has to build before a request of a new size can be timed.

    Attributes:
        built: number of moves that were built, and seconds by what they were spent on; empty where
            a runtime builds nothing.
        scratch_bytes: memory in which replayed work is done: no tensor holds it, nothing else may
            use it.
    """

    built: dict[str, float]
    scratch_bytes: int

    def sealed(self) -> AbstractContextManager[None]:
        """Within the block nothing is built: what is not there raises ``NotReadyError``."""

    def release(self) -> None:
        """Let go of all that was built, and of its memory."""


class NotReadyError(Exception):
    """A sealed request would have to build something first."""


class NothingToBuild:
    """Of a runtime that runs whatever it is given."""

    def __init__(self) -> None:
        self.built: dict[str, float] = {}
        self.scratch_bytes = 0

    def sealed(self) -> AbstractContextManager[None]:
        """Nothing is ever built."""
        return nullcontext()

    def release(self) -> None:
        """Nothing is kept."""


@dataclass
class RunningPair:
    """A loaded pair under one runtime.

    Attributes:
        builder: what was built, and when nothing may be.
        project: overwrites the base's keys and values of a span with the fused ones.
    """

    base: Moves
    teachers: Sequence[Moves]
    project: Project
    device: torch.device
    builder: Builder = field(default_factory=NothingToBuild)


def open_pair(name: str, pair: ModelPair) -> RunningPair:
    """A loaded pair under the runtime of a row of ``runtime_table``.

    Raises:
        UserError: the runtime does not run on the pair's device.
    """
    running: RunningPair = module_of(name, pair.device).open_pair(pair)
    return running


def module_of(name: str, device: torch.device) -> ModuleType:
    """A runtime's own file; nobody else's is imported.

    Raises:
        UserError: the runtime does not run on the device.
    """
    row = RUNTIMES[name]
    if device.type not in row.devices:
        able = ", ".join(row.name for row in RUNTIMES.values() if device.type in row.devices)
        raise UserError(
            f"runtime {name} runs on {' and '.join(row.devices)}, not on {device.type}; "
            f"here run: {able}"
        )
    return importlib.import_module(f".{name}", __package__)
