"""All open projectors of a fuser as one batched computation: few large products for many small ones.

Within one teacher no two projectors write to the same base layer, so that all of its keys and values
can be projected together; the next teacher follows (``sequential``) or reads the same clean base
(``parallel``), exactly as ``fuser.project_into`` does one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import nn
from torch.nn import functional

from .cache import Span
from .fuser import Fuser
from .joined import joined
from .projector import Block, C2CProjector, flat

# Tokens of a cache: a span, or their places, (tokens,), where only the device knows these.
Places = Span | torch.Tensor
# Rows (halves × tokens) of one batch. On a CPU more would not stay in its caches; on a GPU more would
# only need more memory for what lies between layers.
MOST_ROWS = {"cpu": 1 << 11, "cuda": 1 << 15}


@dataclass(frozen=True)
class Half:
    """The keys' or the values' half of one open projector."""

    projector: C2CProjector
    kind: str
    base_layer: int
    teacher_layer: int

    @property
    def place(self) -> int:
        """0 for keys, 1 for values."""
        return 0 if self.kind == "key" else 1

    def linear(self, name: str) -> nn.Linear:
        """One of the half's own matrices."""
        part = self.projector.get_submodule(f"{self.kind}_{name}")
        assert isinstance(part, nn.Linear)
        return part

    def blocks(self, name: str) -> list[Block]:
        """The blocks of one of its parts."""
        parts = self.projector.get_submodule(f"{self.kind}_{name}.blocks").children()
        return [part for part in parts if isinstance(part, Block)]


def open_halves(fuser: Fuser) -> list[Half]:
    """Every half that changes anything, in the order of the base's layers."""
    return [
        Half(c.projector, kind, c.base_layer, c.teacher_layer)
        for c in fuser.connections
        for kind, is_open in (
            ("key", c.projector.key_gate_open),
            ("value", c.projector.value_gate_open),
        )
        if is_open
    ]


class StackedLinear(nn.Module):
    """Many linear maps of one shape; each (n, tokens, in) to (n, tokens, out)."""

    weight: torch.Tensor
    bias: torch.Tensor | None

    def __init__(self, linears: Sequence[nn.Linear]) -> None:
        super().__init__()
        weight = joined([linear.weight for linear in linears])
        self.register_buffer("weight", weight.unflatten(0, (len(linears), -1)), persistent=False)
        biases = [linear.bias for linear in linears if linear.bias is not None]
        bias = torch.stack([bias.detach() for bias in biases])[:, None] if biases else None
        self.register_buffer("bias", bias, persistent=False)

    def forward(
        self, inputs: torch.Tensor, part: slice, onto: torch.Tensor | None = None
    ) -> torch.Tensor:
        """The maps of a slice, with their bias or ``onto`` what is there already."""
        weight = self.weight[part].transpose(1, 2)
        added = onto if self.bias is None else self.bias[part]
        if added is None:
            return torch.bmm(inputs, weight)
        if torch.compiler.is_compiling():  # joins the addition to what follows; baddbmm would copy
            return torch.bmm(inputs, weight) + added
        return torch.baddbmm(added, inputs, weight)


class StackedBlocks(nn.Module):
    """``projector.Block`` for many halves at once."""

    scale: torch.Tensor

    def __init__(self, blocks: Sequence[Block]) -> None:
        super().__init__()
        scale = torch.stack([block.norm.weight.detach() for block in blocks])[:, None]
        self.register_buffer("scale", scale, persistent=False)
        self.w1 = StackedLinear([block.w1 for block in blocks])
        self.w2 = StackedLinear([block.w2 for block in blocks])

    def forward(self, hidden: torch.Tensor, normed: torch.Tensor, part: slice) -> torch.Tensor:
        """(n, tokens, hidden_dim) to the same shape; ``normed`` has each token at length 1."""
        scaled = normed * self.scale[part]
        return self.w2(functional.gelu(self.w1(scaled, part)), part, onto=hidden)


class StackedProjectors(nn.Module):
    """Halves of equal shape, weights stacked once."""

    def __init__(self, halves: Sequence[Half]) -> None:
        super().__init__()
        self.halves = halves
        self.heads, self.head_dim = halves[0].projector.heads, halves[0].projector.head_dim
        self.eps = halves[0].blocks("mlp1")[0].norm.eps

        def linear(name: str) -> StackedLinear:
            return StackedLinear([half.linear(name) for half in halves])

        def blocks(name: str) -> nn.ModuleList:
            depth = len(halves[0].blocks(name))
            return nn.ModuleList(
                StackedBlocks([half.blocks(name)[number] for half in halves])
                for number in range(depth)
            )

        self.enter, self.leave, self.head = linear("in"), linear("proj_out"), linear("scalar_head")
        self.first, self.weigh, self.middle = (
            blocks(name) for name in ("mlp1", "scalar_mlp2", "proj_mlp2")
        )

    def forward(
        self, teacher: torch.Tensor, base: torch.Tensor, part: slice, is_added: bool = False
    ) -> torch.Tensor:
        """What is to be added to the base's keys and values.

        Args:
            teacher, base: (n, heads, tokens, head_dim), of the halves of a slice.
            is_added: add it to these, in place, and return them: compiled, that is a kernel less.
        """
        hidden = self.enter(torch.cat((flat(teacher), flat(base)), dim=-1), part)
        for block in self.first:
            hidden = block(hidden, self._normed(hidden), part)
        weight, projected, normed = hidden, hidden, self._normed(hidden)  # once for both
        for number, block in enumerate(self.weigh):
            weight = block(weight, self._normed(weight) if number else normed, part)
        for number, block in enumerate(self.middle):
            projected = block(projected, self._normed(projected) if number else normed, part)
        weight = self.head(weight, part).sigmoid()
        per_head = self.leave(projected, part).unflatten(-1, (self.heads, self.head_dim))
        residual = (per_head * weight.unsqueeze(-1)).transpose(1, 2)
        return base.add_(residual) if is_added else residual

    def _normed(self, hidden: torch.Tensor) -> torch.Tensor:
        return functional.rms_norm(hidden, hidden.shape[-1:], None, self.eps)


class StackedFusion:
    """Every fuser of a pair, stacked; projects as ``fuser.project_into`` does."""

    def __init__(
        self, fusers: Sequence[Fuser], mode: str, made_fast: Callable[[Any], Any] = lambda f: f
    ) -> None:
        """Stack the weights.

        Args:
            made_fast: turns the batched computation into one that computes the same (a compiler).
        """
        self._teachers = [_groups(open_halves(fuser), made_fast) for fuser in fusers]
        self.calls = sum(len(fuser.connections) for fuser in fusers)
        self._is_parallel = mode == "parallel"

    def project(
        self, base: KVMemory, base_span: Places, teachers: Sequence[tuple[KVMemory, Places]]
    ) -> int:
        """Overwrite the base's keys and values of a span with the fused ones, in place.

        Spans and places are of one length.

        Returns:
            The number of projections made: open projectors of all teachers.
        """
        waiting = []
        for groups, (teacher, span) in zip(self._teachers, teachers, strict=True):
            for group in groups:
                for part in group.parts(_count(base_span)):
                    if self._is_parallel:
                        residual = group.residual(base, base_span, teacher, span, part)
                        waiting.append((group, part, residual))
                    else:
                        group.fuse(base, base_span, teacher, span, part)
        for group, part, residual in waiting:
            group.add(base, base_span, part, residual)
        return self.calls


class KVMemory(Protocol):
    """Where keys and values lie; ``engine.cache.KVCache`` is one."""

    memory: torch.Tensor | None

    def tensors(self) -> list[torch.Tensor]:
        """Keys and values of every layer in turn, each (1, heads, capacity, head_dim)."""


class _Group:
    """Halves of equal shape, and where their layers lie in the caches."""

    def __init__(self, halves: Sequence[Half], made_fast: Callable[[Any], Any]) -> None:
        self.stack = made_fast(StackedProjectors(halves))
        self._most_rows = MOST_ROWS[next(halves[0].projector.parameters()).device.type]
        self._base = [2 * half.base_layer + half.place for half in halves]
        self._teacher = [2 * half.teacher_layer + half.place for half in halves]

    def parts(self, tokens: int) -> list[slice]:
        """The halves in batches of at most ``MOST_ROWS`` rows; of 2ⁿ, so that few sizes are compiled."""
        halves, most = len(self._base), max(1, self._most_rows // max(tokens, 1))
        size = 1 << (most.bit_length() - 1)
        return [slice(at, min(at + size, halves)) for at in range(0, halves, size)]

    def residual(
        self, base: KVMemory, base_span: Places, teacher: KVMemory, span: Places, part: slice
    ) -> torch.Tensor:
        """What is to be added, (halves, heads, tokens, head_dim)."""
        return self.stack(
            _states(teacher, self._teacher[part], span),
            _states(base, self._base[part], base_span),
            part,
        )

    def fuse(
        self, base: KVMemory, base_span: Places, teacher: KVMemory, span: Places, part: slice
    ) -> None:
        """Project and add, at once where the base's states can be written where they lie."""
        own = _view(base, self._base[part], base_span)
        if own is None:
            self.add(base, base_span, part, self.residual(base, base_span, teacher, span, part))
        else:
            self.stack(_states(teacher, self._teacher[part], span), own, part, is_added=True)

    def add(self, base: KVMemory, span: Places, part: slice, residual: torch.Tensor) -> None:
        """Add it where it belongs."""
        layers = self._base[part]
        if base.memory is not None and (run := _run_of(layers)):
            _add(base.memory.flatten(0, 2)[run], span, residual)
        else:
            tensors = base.tensors()
            for layer, own in zip(layers, residual, strict=True):
                _add(tensors[layer], span, own[None])


def _groups(halves: Sequence[Half], made_fast: Callable[[Any], Any]) -> list[_Group]:
    """Halves that can be stacked, in the order of the first of each kind."""
    kinds: dict[tuple, list[Half]] = {}
    for half in halves:
        shapes = [tuple(p.shape) for name, p in half.projector.named_parameters()
                  if name.startswith(half.kind)]  # fmt: skip
        kinds.setdefault(tuple(shapes), []).append(half)
    return [_Group(same, made_fast) for same in kinds.values()]


def _states(cache: KVMemory, layers: Sequence[int], span: Places) -> torch.Tensor:
    """Keys or values of many layers, (n, heads, tokens, head_dim): a view where it can be one."""
    if cache.memory is not None and (run := _run_of(layers)):
        return _of(cache.memory.flatten(0, 2)[run], span)
    tensors = cache.tensors()
    parts = [_of(tensors[layer], span) for layer in layers]
    if len({part.shape for part in parts}) > 1:  # as many channels, in other heads
        parts = [flat(part)[:, None] for part in parts]
    return torch.cat(parts)


def _view(cache: KVMemory, layers: Sequence[int], span: Places) -> torch.Tensor | None:
    """These in the cache's own memory; None where they do not follow each other there."""
    if isinstance(span, torch.Tensor) or cache.memory is None or not _run_of(layers):
        return None
    return _states(cache, layers, span)


def _count(span: Places) -> int:
    return len(span) if isinstance(span, torch.Tensor) else span[1] - span[0]


def _of(states: torch.Tensor, span: Places) -> torch.Tensor:
    """Some tokens of states (n, heads, capacity, head_dim); of a span a view."""
    if isinstance(span, torch.Tensor):
        return states.index_select(2, span)
    return states[:, :, slice(*span)]


def _add(states: torch.Tensor, span: Places, residual: torch.Tensor) -> None:
    """Add to some tokens of states, in place."""
    if isinstance(span, torch.Tensor):
        states.index_copy_(2, span, _of(states, span) + residual)
    else:
        _of(states, span).add_(residual)


def _run_of(places: Sequence[int]) -> slice | None:
    """The places as a slice; None where they do not follow each other."""
    first, last = places[0], places[-1]
    return slice(first, last + 1) if list(places) == list(range(first, last + 1)) else None
