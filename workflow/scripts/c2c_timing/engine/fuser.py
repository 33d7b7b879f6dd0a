"""All projectors of one teacher, and how several teachers' projections meet in the base's cache."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from ..errors import UserError
from .cache import KVCache, KVShape, Span
from .layer_maps import LAYER_MAPS
from .projector import C2CProjector

# What a projector's description says of its training: how weights began, noise and its annealing.
# The state dict has all that came of it.
TRAINING_ARGUMENTS = {"dtype", "initial_temperature", "final_temperature", "include_response"}
TRAINING_WORDS = {"init", "dropout", "anneal", "gumbel", "warmup", "seed"}
# In the JSON of a checkpoint, and in the config of its training: copied beside it, JSON or YAML.
FUSES_WHILE_DECODING = re.compile(
    r"""^[^#\n]*\binclude_response["']?\s*:\s*["']?(true|yes|on|1)\b""",
    re.IGNORECASE | re.MULTILINE,
)
TRAINING_CONFIG = "config.json"
# Of a projector's description; far above what any model has.
MAX_SIZE, MAX_LAYERS = 1 << 17, 1000


@dataclass(frozen=True)
class Connection:
    """One base layer listens to one teacher layer through one projector."""

    base_layer: int
    teacher_layer: int
    projector: C2CProjector


class Fuser(nn.Module):
    """The projectors of one teacher, in the order of the base's layers."""

    def __init__(self, connections: Sequence[Connection]) -> None:
        super().__init__()
        self.connections = [c for c in connections if c.projector.is_open]
        self.projectors = nn.ModuleList(c.projector for c in connections)


def project_into(
    base_cache: KVCache,
    base_span: Span,
    teachers: Sequence[tuple[Fuser, KVCache, Span]],
    mode: str,
) -> int:
    """Overwrite the base's keys and values of a span with the fused ones, in place.

    ``sequential``: each teacher's projectors read the base as the teacher before left it.
    ``parallel``: all read the clean base, and their residuals are summed.

    Args:
        base_cache: cache of the base, filled at least to the end of ``base_span``.
        base_span: first and last-plus-one token to be fused, in the base's cache.
        teachers: for each teacher its fuser, its cache and the same tokens' span in that cache.
        mode: ``sequential`` or ``parallel``.

    Returns:
        The number of projections made: open projectors of all teachers.
    """
    calls = 0
    waiting = []
    for fuser, teacher_cache, teacher_span in teachers:
        for connection in fuser.connections:
            base = base_cache.buffers[connection.base_layer].span(*base_span)
            teacher = teacher_cache.buffers[connection.teacher_layer].span(*teacher_span)
            residuals = connection.projector.residuals(teacher, base)
            calls += 1
            if mode == "sequential":
                _add(base, residuals)
            else:
                waiting.append((base, residuals))
    for base, residuals in waiting:
        _add(base, residuals)
    return calls


def _add(base: tuple[torch.Tensor, ...], residuals: tuple[torch.Tensor | None, ...]) -> None:
    for states, residual in zip(base, residuals, strict=True):
        if residual is not None:
            states += residual


def dummy_fuser(
    base_shapes: Sequence[KVShape],
    teacher_shapes: Sequence[KVShape],
    layer_map: str,
    hidden_dim: int,
    intermediate_dim: int,
    num_layers: int,
) -> Fuser:
    """A fuser with made-up weights (torch's global seed) and open gates, one projector a layer."""
    mapping = LAYER_MAPS[layer_map](len(base_shapes), len(teacher_shapes))
    return Fuser(
        [
            Connection(
                base_layer,
                teacher_layer,
                C2CProjector(
                    source_dim=teacher_shapes[teacher_layer].head_dim,
                    target_dim=base_shapes[base_layer].head_dim,
                    source_num_heads=teacher_shapes[teacher_layer].heads,
                    target_num_heads=base_shapes[base_layer].heads,
                    hidden_dim=hidden_dim,
                    intermediate_dim=intermediate_dim,
                    num_layers=num_layers,
                ),
            )
            for base_layer, teacher_layer in enumerate(mapping)
        ]
    )


def load_fuser(
    folder: Path, base_shapes: Sequence[KVShape], teacher_shapes: Sequence[KVShape]
) -> Fuser:
    """Load a checkpoint folder in the published format, and check that it fits the pair.

    Nothing from the folder is executed (``weights_only=True``).

    Raises:
        UserError: a file is missing or unreadable, a shape does not fit the pair, or the fuser was
            trained for another method.
    """
    _refuse_fusion_while_decoding(folder)
    mapping = _layer_entries(_read_json(folder / "projector_config.json"), folder)
    projectors: dict[int, C2CProjector] = {}
    connections = []
    for base_layer, teacher_layer, index in mapping:
        if base_layer >= len(base_shapes) or teacher_layer >= len(teacher_shapes):
            raise UserError(
                f"{folder}/projector_config.json: maps base layer {base_layer} to teacher layer "
                f"{teacher_layer}, but the pair has {len(base_shapes)} and {len(teacher_shapes)} "
                "layers; name the checkpoint that was trained for this pair"
            )
        if index not in projectors:
            projectors[index] = _load_projector(folder, index)
        _check_fit(
            folder, index, projectors[index], base_shapes[base_layer], teacher_shapes[teacher_layer]
        )
        connections.append(Connection(base_layer, teacher_layer, projectors[index]))
    return Fuser(connections)


def _refuse_fusion_while_decoding(folder: Path) -> None:
    """``include_response`` checkpoints fuse the answer's tokens too: another method, another cost."""
    descriptions = (folder / "projector_config.json", *sorted(folder.glob("projector_[0-9]*.json")))
    # absolute, not resolved: the Hub's cache keeps links to files that lie elsewhere
    configs = [place / TRAINING_CONFIG for place in (folder, folder.absolute().parent)]
    for path in (*descriptions, *configs):
        try:
            text = path.read_text(encoding="utf-8", errors="replace")
        except (
            OSError
        ):  # the reader of descriptions says what is missing; a config need not be there
            continue
        if FUSES_WHILE_DECODING.search(text):
            raise UserError(
                f"{path}: include_response: this fuser was trained to fuse while decoding, which is "
                "not timed here; name a checkpoint that was trained without it"
            )


def _layer_entries(config: Any, folder: Path) -> list[tuple[int, int, int]]:
    """(base layer, teacher layer, projector) of the published {"0": {"1": {...}}} mapping.

    A layer with several entries has an aggregator in training only; inference uses the first.
    """
    try:
        layers = config["0"]["1"]
        entries = [(int(base), *e[0][:2]) for base, e in layers.items() if e]
        numbers = [number for entry in entries for number in entry]
        is_map = all(type(number) is int and number >= 0 for number in numbers)
        is_map &= 0 < len(entries) == len({base for base, _, _ in entries})
    except (KeyError, TypeError, ValueError, IndexError, AttributeError):
        is_map = False
    if not is_map:
        raise UserError(
            f"{folder}/projector_config.json: not a projector map "
            '({"0": {"1": {"<base layer>": [[<teacher layer>, <projector>]]}}})'
        )
    return sorted(entries)


def _load_projector(folder: Path, index: int) -> C2CProjector:
    projector = _empty_projector(folder / f"projector_{index}.json")
    path = folder / f"projector_{index}.pt"
    if not path.is_file():
        raise UserError(f"{path}: missing; download the whole checkpoint folder again")
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        projector.load_state_dict(state, assign=True)
        projector.freeze_gates()
    except Exception as error:  # a foreign file can fail in any way torch and pickle know
        reason = str(error).split("\n")[0][:200]
        raise UserError(f"{path}: not a state dict of this projector ({reason})") from None
    return projector


def _empty_projector(path: Path) -> C2CProjector:
    """A projector as its description says, without memory: a wrong size shall not fill it."""
    description = _read_json(path)
    try:
        if description["class"] != "C2CProjector":
            raise UserError(
                f"{path}: class {description['class']!r} is not supported; only C2CProjector is"
            )
        arguments = description["init_args"].items()
        sizes = {name: value for name, value in arguments if not _is_of_training(name)}
        for name, size in sizes.items():
            most = MAX_LAYERS if name == "num_layers" else MAX_SIZE
            if type(size) is not int or not 1 <= size <= most:
                raise ValueError(f"{name} is {str(size)[:50]!r}")
        with torch.device("meta"):
            return C2CProjector(**sizes)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UserError(f"{path}: bad description ({error})") from None


def _is_of_training(argument: str) -> bool:
    return argument in TRAINING_ARGUMENTS or not TRAINING_WORDS.isdisjoint(argument.split("_"))


def _check_fit(
    folder: Path, index: int, projector: C2CProjector, base: KVShape, teacher: KVShape
) -> None:
    expected = teacher.heads * teacher.head_dim + base.heads * base.head_dim
    found = projector.key_in.in_features
    if found != expected or (projector.heads, projector.head_dim) != base:
        raise UserError(
            f"{folder}/projector_{index}.pt: reads {found} channels for {projector.heads} heads of "
            f"{projector.head_dim}, but this pair has {expected} and {base.heads} heads of "
            f"{base.head_dim}; name the checkpoint that was trained for this pair"
        )


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path}: missing; is this a fuser checkpoint folder?") from None
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path}: not JSON ({error})") from None
