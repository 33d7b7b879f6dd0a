"""What makes static moves fast: nothing, compilation, capture, or both; and when that may happen."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import Any

import torch

from ..runtimes import NotReadyError
from .merged import merge_linears
from .shelf import Kept, Shelf


class Kit:
    """Runs static moves as they are; the others' common part.

    Attributes:
        built: what was built so far: number of moves, and seconds by what they were spent on.
        scratch_bytes: memory that moves work in when they are made, and that nothing else may use.
    """

    def __init__(self) -> None:
        self._is_sealed = False
        self._ready: dict[tuple[Hashable, ...], Any] = {}
        self._shelves: list[Shelf[Any]] = []
        self.built: dict[str, float] = {"moves": 0}
        self.scratch_bytes = 0

    @contextlib.contextmanager
    def sealed(self) -> Iterator[None]:
        """Within the block no move is built, and no cache is made: it raises ``NotReadyError``."""
        self._is_sealed = True
        try:
            yield
        finally:
            self._is_sealed = False

    def tuned(self, model: Any) -> Any:
        """A model made fast, computing the same."""
        merge_linears(model)
        return model

    def compiled(self, function: Callable) -> Callable:
        """A function that computes the same."""
        return function

    def varies(self, tensor: torch.Tensor, dim: int) -> torch.Tensor:
        """A tensor whose like will come with other sizes along a dimension."""
        return tensor

    def ahead(self, move: Callable[[], Any]) -> None:
        """Make a move once at a size that is always the same, before it is met at any other.

        A compiler keeps what it made under the first sizes that it saw: with these the same in every
        process, each finds what another one compiled.
        """

    def check(self, *what: Hashable) -> None:
        """Something is about to be made.

        Raises:
            NotReadyError: in a sealed request.
        """
        if self._is_sealed:
            raise NotReadyError(" ".join(map(str, what)))

    def run(
        self,
        name: tuple[Hashable, ...],
        around: Sequence[Hashable],
        move: Callable[[], Any],
        first: Callable[[], Any],
        kept: Sequence[torch.Tensor] = (),
    ) -> Any:
        """Make a move; of equal names around the same memory it is built once.

        Args:
            name: which move it is, and with which sizes.
            around: the memory that it holds on to: caches, prompts.
            first: the same move on memory of its own, at a size that is always the same (``ahead``).
            kept: what the move changes and reads: a rehearsal of it leaves these as they were.
        """
        key = (name, *around)
        if key not in self._ready:
            self.check(*name)
            self.ahead(first)
            self.built["moves"] += 1
            self._ready[key] = self._rehearsed(move, kept)
        return self._ready[key]()

    def shelf(self, name: str, most: int, make: Callable[[int], Kept]) -> Shelf[Kept]:
        """A place for memory that moves are built around: what goes from it takes these along."""
        shelf = Shelf(most, make, lambda size: self.check(name, size), self.forget)
        self._shelves.append(shelf)
        return shelf

    def forget(self, memory: Any) -> None:
        """Drop what was built around it: of a cache its own moves, and projections that read it."""
        for key in [key for key in self._ready if any(part is memory for part in key)]:
            del self._ready[key]

    def release(self) -> None:
        """Let go of all memory, and of all moves: whatever is asked for next is built again."""
        for shelf in self._shelves:
            shelf.clear()

    def _rehearsed(self, move: Callable[[], Any], kept: Sequence[torch.Tensor]) -> Callable:
        return move

    @contextlib.contextmanager
    def _spending(self, what: str) -> Iterator[None]:
        began = time.perf_counter()
        try:
            yield
        finally:
            name = f"{what}_seconds"
            self.built[name] = self.built.get(name, 0.0) + time.perf_counter() - began


@contextlib.contextmanager
def put_back(tensors: Sequence[torch.Tensor]) -> Iterator[None]:
    """Within the block tensors may change; after it they are as before."""
    before = [tensor.clone() for tensor in tensors]
    try:
        yield
    finally:
        for tensor, own in zip(tensors, before, strict=True):
            tensor.copy_(own)


class CapturingKit(Kit):
    """Captures every move as a CUDA graph, and replays it."""

    WARM_UPS = 2
    # What warm-ups are spent on.
    WARM_UP = "warm_up"

    def __init__(self) -> None:
        super().__init__()
        self._pool: Any = None
        self._stream: Any = None  # one for all: the libraries keep memory for every stream

    def release(self) -> None:
        """With the last graph its pool goes, too."""
        super().release()
        self._pool = None
        self.scratch_bytes = 0

    def _rehearsed(self, move: Callable[[], Any], kept: Sequence[torch.Tensor]) -> Callable:
        stream = self._stream = self._stream or torch.cuda.Stream()
        with self._spending(self.WARM_UP):
            stream.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(stream):
                for _ in range(self.WARM_UPS):
                    with put_back(kept):  # a position that went on would leave the buffers
                        move()
            torch.cuda.current_stream().wait_stream(stream)
            torch.cuda.synchronize()
        with self._spending("capture"):
            graph = torch.cuda.CUDAGraph()
            # One pool for all: graphs follow each other, and nothing in it outlives its replay.
            with torch.cuda.graph(graph, pool=self._pool):
                before = _unused_bytes()
                result = move()
                self.scratch_bytes += _unused_bytes() - before
            self._pool = self._pool or graph.pool()

        def replay() -> Any:
            graph.replay()
            return result

        return replay


def _unused_bytes() -> int:
    """What torch has taken of the device and no tensor holds: within a capture, the pool's alone grows."""
    return torch.cuda.memory_reserved() - torch.cuda.memory_allocated()
