"""The experts of a mixture, found by how a model keeps them and not by its name.

Two layouts are known: experts stacked in parameters of three dimensions, the first of which counts
them (transformers 5), and a list of modules of equal size called ``experts`` (before, and code from
the Hub). Beside either lies a router: a matrix with one row an expert.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from torch import nn

# Where configs say how many experts a token wakes, if the router does not.
CONFIG_KEYS = ("num_experts_per_tok", "top_k_experts", "moe_topk", "moe_top_k", "moe_k")


class UnknownLayoutError(Exception):
    """Experts that are kept, or chosen, in a way that does not tell how many are read."""


@dataclass(frozen=True)
class Mixture:
    """The experts of all layers, in elements.

    Attributes:
        matrix_elements, other_elements: of the experts that one token wakes.
        idle_elements: of those that it leaves asleep.
        router_elements: of routers that are no ``nn.Linear``.
        groups: the modules that hold experts and nothing else.
    """

    matrix_elements: int = 0
    other_elements: int = 0
    idle_elements: int = 0
    router_elements: int = 0
    groups: tuple[nn.Module, ...] = ()

    def __add__(self, other: Mixture) -> Mixture:
        return Mixture(
            self.matrix_elements + other.matrix_elements,
            self.other_elements + other.other_elements,
            self.idle_elements + other.idle_elements,
            self.router_elements + other.router_elements,
            self.groups + other.groups,
        )

    def as_plain(self) -> dict[str, int]:
        """What of a prompt's work cannot be told, for ``_run.json``."""
        woken = self.matrix_elements + self.other_elements
        return {"woken_elements": woken, "idle_elements": self.idle_elements}


def mixture_of(decoder: nn.Module, config: Any, hidden_size: int) -> Mixture:
    """What one token wakes of the experts of all layers; nothing where there are none.

    Raises:
        UnknownLayoutError: there are experts of which that cannot be told.
    """
    groups = dict(_groups(decoder))
    routers: dict[str, nn.Module] = {}
    total = Mixture()
    for name, group in groups.items():
        count = _expert_count(group)
        beside = _beside(decoder, name, groups)
        found = {n: m for n, m in beside.items() if _is_router(m, count, hidden_size)}
        if not found:
            raise UnknownLayoutError(name)
        routers |= found
        total += _woken(group, count, _experts_per_token(beside, config, count))
    _refuse_others(decoder, groups, routers)
    own = [m.get_parameter("weight") for m in routers.values() if not isinstance(m, nn.Linear)]
    return total + Mixture(router_elements=sum(weight.numel() for weight in own))


def _groups(decoder: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    for name, module in decoder.named_modules():
        is_list = isinstance(module, nn.ModuleList) and name.rpartition(".")[2] == "experts"
        if is_list or any(p.ndim > 2 for p in module.parameters(recurse=False)):
            yield name, module


def _expert_count(group: nn.Module) -> int:
    if isinstance(group, nn.ModuleList):
        sizes = {tuple(tuple(p.shape) for p in expert.parameters()) for expert in group}
        counts = {len(group)} if len(sizes) == 1 else set()
    else:
        counts = {p.shape[0] if p.ndim in (2, 3) else 0 for p in group.parameters()}
    if len(counts) != 1:
        raise UnknownLayoutError(type(group).__name__)
    return counts.pop()


def _beside(decoder: nn.Module, name: str, groups: dict[str, nn.Module]) -> dict[str, nn.Module]:
    """The module that holds the experts, and all in it but experts; by their names."""
    holder = name.rpartition(".")[0]
    return {
        inner: module
        for inner, module in decoder.named_modules()
        if (inner == holder or inner.startswith(f"{holder}." if holder else ""))
        and not any(inner == group or inner.startswith(f"{group}.") for group in groups)
    }


def _is_router(module: nn.Module, count: int, hidden_size: int) -> bool:
    weight = getattr(module, "weight", None)
    return isinstance(weight, nn.Parameter) and tuple(weight.shape) == (count, hidden_size)


def _experts_per_token(beside: dict[str, nn.Module], config: Any, count: int) -> int:
    told = {k for m in beside.values() for k in _whole_numbers(m, ["top_k"])}
    told = told or set(_whole_numbers(config, CONFIG_KEYS))
    if len(told) != 1 or not 1 <= max(told) <= count:
        raise UnknownLayoutError(f"{sorted(told)} experts a token, of {count}")
    return told.pop()


def _whole_numbers(holder: Any, names: Iterable[str]) -> list[int]:
    values = (getattr(holder, name, None) for name in names)
    return [value for value in values if isinstance(value, int)]


def _woken(group: nn.Module, count: int, per_token: int) -> Mixture:
    is_list = isinstance(group, nn.ModuleList)
    matrices = sum(p.numel() for p in group.parameters() if p.ndim == (2 if is_list else 3))
    others = sum(p.numel() for p in group.parameters()) - matrices
    woken, woken_others = (elements // count * per_token for elements in (matrices, others))
    idle = matrices + others - woken - woken_others
    return Mixture(woken, woken_others, idle, groups=(group,))


def _refuse_others(
    decoder: nn.Module, groups: dict[str, nn.Module], routers: dict[str, nn.Module]
) -> None:
    """Matrices of experts in no group, or of their routers, unless every token is multiplied with them."""
    known = tuple(f"{name}." for name in (*groups, *routers))
    for name, weight in decoder.named_parameters():
        is_of_experts = any(word in name for word in ("expert", "router")) and "shared" not in name
        if is_of_experts and weight.ndim > 1 and not name.startswith(known):
            raise UnknownLayoutError(name)
