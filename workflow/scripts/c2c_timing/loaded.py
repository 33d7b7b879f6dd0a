"""A pair on its device under every runtime of a run: what shards of one pair may share."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from .meters.peak_memory import peak_memory_of
from .meters.wall_times import WallTimes
from .settings import RunSettings


class LoadedPair:
    """Models, projectors, and what runtimes have built around them.

    Attributes:
        card: the settings' pair, each revision on the Hub made the commit that was loaded.
        held_bytes: by runtime, memory that its opening and building have left behind; empty where
            the system does not tell.
        is_kept: it was there before it was asked for.
        has_served: this process has run its requests.
        shapes: what its parts weigh, once somebody has asked (``shard.run.shapes_of``).
    """

    def __init__(self, settings: RunSettings, walls: WallTimes) -> None:
        """Load them.

        Raises:
            UserError: the device or a model is not there, or cannot be loaded.
        """
        with walls.importing():
            import torch
            import transformers.modeling_utils  # the name alone imports next to nothing

            from .engine import pair as pair_module
            from .engine.devices import resolve_device
            from .engine.hub import at_commits
            from .engine.runtimes import module_of, open_pair
            from .methods import load_methods
        transformers.utils.logging.set_verbosity_error()
        transformers.utils.logging.disable_progress_bar()
        self.is_kept = self.has_served = False
        self.shapes: dict[str, Any] | None = None
        with walls.book("loading"):
            device = resolve_device(settings.device)
            if device.type == "cuda":
                torch.cuda.set_device(device)
                # cuDNN's attention builds a plan for every new cache length, tens of milliseconds
                # each, and keeps it: whichever request meets a length first would pay for others.
                torch.backends.cuda.enable_cudnn_sdp(False)
        with walls.importing():  # and refuse, before anything is loaded
            for name in settings.runtimes:
                module_of(name, device)
        self.memory = peak_memory_of(device)
        self.held_bytes: dict[str, int] = {}
        self.running = {}
        with walls.book("loading"):
            self.card = at_commits(settings.pair)
            self.pair = pair_module.load_pair(self.card, device, settings.dtype, settings.seed)
            for name in settings.runtimes:
                with self.holding(name):
                    self.running[name] = open_pair(name, self.pair)
        self.methods = load_methods()

    @contextlib.contextmanager
    def holding(self, runtime: str) -> Iterator[None]:
        """What more is held after the block than before it is held by the runtime."""
        before = self.memory.held_bytes()
        try:
            yield
        finally:
            after = self.memory.held_bytes()
            if before is not None and after is not None:
                self.held_bytes[runtime] = self.held_bytes.get(runtime, 0) + after - before

    def held_by_others(self, runtime: str) -> int | None:
        """Bytes of all runtimes but one; None where the system does not tell."""
        if not self.held_bytes:
            return None
        return max(0, sum(self.held_bytes.values()) - self.held_bytes.get(runtime, 0))
