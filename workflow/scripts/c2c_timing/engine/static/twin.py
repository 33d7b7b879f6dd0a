"""A second tree of modules over the same weights, so that eager and static runs do not mix settings."""

from __future__ import annotations

import copy
from typing import Any

from .attention import NAME


def twin_of(model: Any) -> Any:
    """A model with modules and config of its own and the weights of another; attention is static."""
    shared = {id(tensor): tensor for tensor in (*model.parameters(), *model.buffers())}
    twin = copy.deepcopy(model, memo=dict(shared))
    for module in twin.modules():
        config = getattr(module, "config", None)
        if config is not None:
            config._attn_implementation = NAME
    return twin
