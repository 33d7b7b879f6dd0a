"""Loading a pair while nothing is timed, and keeping the last one."""

from __future__ import annotations

import sys
from typing import Any

from .loaded import LoadedPair
from .meters.one_stopwatch import alone_on
from .meters.wall_times import WallTimes
from .session import Session
from .settings import RunSettings


def load_alone(settings: RunSettings, walls: WallTimes) -> LoadedPair:
    """The pair of these settings, once nothing is timed on its device: loading would disturb it.

    Raises:
        UserError: as ``LoadedPair``.
    """
    with walls.importing():
        from .engine.devices import resolve_device
    with alone_on(resolve_device(settings.device), f"{settings.pair.name}, loading"):
        return LoadedPair(settings, walls)


def open_session(settings: RunSettings, walls: WallTimes) -> Session:
    """A session of a pair that is loaded so."""
    return Session(settings, walls, load_alone(settings, walls))


class Keeper:
    """Keeps the last pair loaded: shards of the same one find it there."""

    def __init__(self) -> None:
        self._key: Any = None
        self._loaded: LoadedPair | None = None

    def pair_for(self, settings: RunSettings, walls: WallTimes) -> LoadedPair:
        """The pair of these settings, loaded unless it is the one that is kept.

        Raises:
            UserError: as ``LoadedPair``.
        """
        key = _key_of(settings)
        if self._loaded is None or key != self._key:
            self._let_go()
            self._loaded, self._key = load_alone(settings, walls), key
        else:
            self._loaded.is_kept = True
        return self._loaded

    def _let_go(self) -> None:
        """Before another pair needs the memory."""
        if self._loaded is None:
            return
        import gc

        import torch

        self._loaded = None
        if "torch._dynamo" in sys.modules:
            torch.compiler.reset()  # the next pair's code is compiled as in a process of its own
        gc.unfreeze()
        gc.collect()
        gc.freeze()  # what was imported stays, as before
        if torch.cuda.is_available():
            torch.cuda.empty_cache()


def _key_of(settings: RunSettings) -> Any:
    """All that loading depends on: a repository that moves and a file that changes are other pairs."""
    from .engine.hub import at_commits
    from .engine.weights import weights_of

    card = at_commits(settings.pair)
    wanted = (settings.device, settings.dtype, settings.seed, settings.runtimes)
    try:
        return card, wanted, weights_of(card)
    except OSError:  # equal to nothing: loading will say what is missing
        return object()
