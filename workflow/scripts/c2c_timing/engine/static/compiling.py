"""Kits that compile moves with ``torch.compile``, and on CUDA capture what was compiled."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import torch
import torch._inductor.compile_fx  # else imported by the first compilation, and booked with it
from torch._inductor.runtime.cache_dir_utils import default_cache_dir, triton_cache_dir

from .kit import CapturingKit, Kit, put_back
from .regions import compile_regions

# Of one function: each kind of layer of a model, for prompts and for steps.
MOST_VARIANTS = 64
# What is compiled once is read from here by every later process; another folder of the user's is kept.
CACHE_VARIABLE, CACHE_FOLDER = "TORCHINDUCTOR_CACHE_DIR", Path("results") / "compiled"
KERNEL_VARIABLE = "TRITON_CACHE_DIR"


class CompilingKit(Kit):
    """Compiles moves; lengths are symbols in what is compiled, so that one compilation serves all."""

    options: ClassVar[dict[str, Any]] = {}

    def __init__(self) -> None:
        super().__init__()
        self._models = 0
        self._made_ahead: set[Callable] = set()
        self.name_folders()
        torch._dynamo.config.recompile_limit = max(
            MOST_VARIANTS, torch._dynamo.config.recompile_limit
        )

    def name_folders(self) -> None:
        """Where what is compiled lies, for torch: it reads this from the environment of a command.

        Torch names a folder of its own for temporary files where the user named none.
        """
        if os.environ.get(CACHE_VARIABLE) in (None, default_cache_dir()):
            os.environ[CACHE_VARIABLE] = str(CACHE_FOLDER.resolve())

    @contextlib.contextmanager
    def sealed(self) -> Iterator[None]:
        """Within the block nothing is compiled either."""
        with super().sealed(), torch.compiler.set_stance("fail_on_recompile"):
            yield

    def tuned(self, model: Any) -> Any:
        """The model, compiled by layer."""
        model = self.with_kernels(super().tuned(model))
        options = self.layer_options(model)
        compile_regions(model, self._models, lambda call: self.compiled(call, **options))
        self._models += 1
        return model

    def layer_options(self, model: Any) -> dict[str, Any]:
        """What is other for a model's layers than in ``options``."""
        return {}

    def with_kernels(self, model: Any) -> Any:
        """The model with kernels of ours where they are faster than what is generated."""
        return model

    def compiled(self, function: Callable, **options: Any) -> Callable:
        """The function through inductor."""
        return torch.compile(function, fullgraph=True, options={**self.options, **options})

    def ahead(self, move: Callable[[], Any]) -> None:
        """Compile it there, once."""
        self.name_folders()  # this may be another command of a worker
        if move not in self._made_ahead:
            with self._spending("compile"):
                move()
            self._made_ahead.add(move)

    def varies(self, tensor: torch.Tensor, dim: int) -> torch.Tensor:
        """A tensor whose size along a dimension is a symbol."""
        torch._dynamo.maybe_mark_dynamic(tensor, dim)
        return tensor

    def _rehearsed(self, move: Callable[[], Any], kept: Any) -> Callable:
        with self._spending("compile"), put_back(kept):
            move()
        return move


class CompilingAndCapturingKit(CompilingKit, CapturingKit):
    """Compiles moves, then captures them as CUDA graphs."""

    options: ClassVar[dict[str, Any]] = {
        "coordinate_descent_tuning": True,
        "triton.enable_pdl": True,  # what inductor generates overlaps like ours (``overlap``)
    }
    WARM_UPS = 3
    WARM_UP = "compile"
    _rehearsed = CapturingKit._rehearsed

    def name_folders(self) -> None:
        """That of kernels, too: torch names it when it first compiles, ours may come before."""
        super().name_folders()
        os.environ.setdefault(KERNEL_VARIABLE, triton_cache_dir(torch.cuda.current_device()))

    def layer_options(self, model: Any) -> dict[str, Any]:
        """No overlap of generated kernels where layers have a window.

        Its mask is a kernel that reads nothing, and such a kernel of inductor's never waits: who
        comes after it could start before what lies two kernels back is written.
        """
        window = getattr(model.config.get_text_config(), "sliding_window", None)
        return {} if window is None else {"triton.enable_pdl": False}

    def with_kernels(self, model: Any) -> Any:
        """Linear maps of one token through ``decode_linear``."""
        from .decode_linear import read_ahead  # Triton comes with torch for CUDA alone

        read_ahead(model)
        return model
