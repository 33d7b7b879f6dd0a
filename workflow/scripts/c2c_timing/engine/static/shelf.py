"""Memory by its size, as much of it as was used last."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Generic, TypeVar

Kept = TypeVar("Kept")


class Shelf(Generic[Kept]):
    """Pieces of memory, each of another size.

    Attributes:
        pieces: by size, those used longest ago first.
    """

    def __init__(
        self,
        most: int,
        make: Callable[[int], Kept],
        check: Callable[[int], None],
        forget: Callable[[Any], None],
    ) -> None:
        """An empty shelf.

        Args:
            most: pieces that are kept; the one used longest ago makes room.
            make: a new piece of a size.
            check: asked before anything is made; may raise.
            forget: told what goes.
        """
        self._most, self._make, self._check, self._forget = most, make, check, forget
        self.pieces: OrderedDict[int, Kept] = OrderedDict()

    def take(self, size: int) -> Kept:
        """The piece of a size, made where there is none."""
        if size in self.pieces:
            self.pieces.move_to_end(size)
        else:
            self._check(size)
            while len(self.pieces) >= self._most:
                self._drop_oldest()
            self.pieces[size] = self._make(size)
        return self.pieces[size]

    def clear(self) -> None:
        """Let go of every piece."""
        while self.pieces:
            self._drop_oldest()

    def _drop_oldest(self) -> None:
        _, piece = self.pieces.popitem(last=False)
        self._forget(piece)
