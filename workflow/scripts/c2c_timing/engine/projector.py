"""The published projector (arXiv 2510.03215; class ``C2CProjector`` of its checkpoints).

Parameter names are those of the published state dicts, so that checkpoints load unchanged.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn
from torch.nn import functional


class Block(nn.Module):
    """x + w2(gelu(w1(RMSNorm(x)))), on the last axis."""

    def __init__(self, hidden_dim: int, intermediate_dim: int) -> None:
        super().__init__()
        self.norm = nn.RMSNorm(hidden_dim, eps=1e-6)
        self.w1 = nn.Linear(hidden_dim, intermediate_dim, bias=False)
        self.w2 = nn.Linear(intermediate_dim, hidden_dim, bias=False)

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """(..., hidden_dim) to the same shape."""
        return hidden + self.w2(functional.gelu(self.w1(self.norm(hidden))))


class Blocks(nn.Module):
    """Blocks of one width, one after the other."""

    def __init__(self, count: int, hidden_dim: int, intermediate_dim: int) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(Block(hidden_dim, intermediate_dim) for _ in range(count))

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """(..., hidden_dim) to the same shape."""
        for block in self.blocks:
            hidden = block(hidden)
        return hidden


class C2CProjector(nn.Module):
    """Projects a teacher layer's keys and values onto those of one base layer.

    Args:
        source_dim, source_num_heads: head size and KV heads of the teacher.
        target_dim, target_num_heads: head size and KV heads of the base.
        hidden_dim, intermediate_dim, num_layers: widths and depth (at least 3) of the network.
    """

    key_in: nn.Linear
    key_gate_logit: nn.Parameter
    value_gate_logit: nn.Parameter

    def __init__(
        self,
        source_dim: int,
        target_dim: int,
        source_num_heads: int,
        target_num_heads: int,
        hidden_dim: int = 1024,
        intermediate_dim: int = 1024,
        num_layers: int = 3,
    ) -> None:
        super().__init__()
        if num_layers < 3:
            raise ValueError(f"a C2CProjector has at least 3 layers, not {num_layers}")
        self.heads, self.head_dim = target_num_heads, target_dim
        out_features = target_num_heads * target_dim
        in_features = source_num_heads * source_dim + out_features
        for kind in ("key", "value"):
            parts = {
                "in": nn.Linear(in_features, hidden_dim),
                "mlp1": Blocks(1, hidden_dim, intermediate_dim),
                "scalar_mlp2": Blocks(1, hidden_dim, hidden_dim),
                "scalar_head": nn.Linear(hidden_dim, target_num_heads),
                "proj_mlp2": Blocks(num_layers - 2, hidden_dim, intermediate_dim),
                "proj_out": nn.Linear(hidden_dim, out_features),
            }
            for name, part in parts.items():
                self.add_module(f"{kind}_{name}", part)
            self.register_parameter(f"{kind}_gate_logit", nn.Parameter(torch.ones(())))
        # Only training uses it; published state dicts hold it.
        self.register_buffer("gate_temperature", torch.ones(()))
        self.key_gate_open = self.value_gate_open = True  # as they are made

    def freeze_gates(self) -> None:
        """Read the gates to the host once, after loading: no request has to wait for them."""
        self.key_gate_open = self.key_gate_logit.item() > 0
        self.value_gate_open = self.value_gate_logit.item() > 0

    @property
    def is_open(self) -> bool:
        """Whether the projector changes anything at all."""
        return self.key_gate_open or self.value_gate_open

    def residuals(
        self,
        teacher: tuple[torch.Tensor, torch.Tensor],
        base: tuple[torch.Tensor, torch.Tensor],
    ) -> tuple[torch.Tensor | None, torch.Tensor | None]:
        """What is to be added to the base's keys and values; None where the gate is closed.

        Keys and values come as (1, heads, tokens, head_dim); the residuals have the base's shape.
        """
        key = self._residual("key", teacher[0], base[0]) if self.key_gate_open else None
        value = self._residual("value", teacher[1], base[1]) if self.value_gate_open else None
        return key, value

    def _residual(self, kind: str, teacher: torch.Tensor, base: torch.Tensor) -> torch.Tensor:
        part: Mapping[str, Any] = self._modules
        hidden = part[f"{kind}_in"](torch.cat((flat(teacher), flat(base)), dim=-1))
        hidden = part[f"{kind}_mlp1"](hidden)
        weight = part[f"{kind}_scalar_head"](part[f"{kind}_scalar_mlp2"](hidden)).sigmoid()
        projected = part[f"{kind}_proj_out"](part[f"{kind}_proj_mlp2"](hidden))
        per_head = projected.unflatten(-1, (self.heads, self.head_dim))
        return (per_head * weight.unsqueeze(-1)).transpose(1, 2)


def flat(states: torch.Tensor) -> torch.Tensor:
    """Keys or values (n, heads, tokens, head_dim) to (n, tokens, heads * head_dim)."""
    return states.transpose(1, 2).flatten(2)
