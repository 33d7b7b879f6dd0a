"""Model pair cards: which models, which fuser, how they are connected. Never imports torch."""

from __future__ import annotations

import difflib
import functools
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

from ..errors import UserError
from ..places import PAIRS, with_home
from .card_files import read_card

SCHEMA = "pair_card.schema.yaml"
# Of dummy weights, where a card names none: about as many tokens a word as Qwen has.
STAND_IN = "tokenizers/qwen-like"
WEIGHTS = ("hub", "local", "dummy")


@dataclass(frozen=True)
class ModelSpec:
    """Where one model comes from.

    Attributes:
        model: Hub id, or a local folder when ``weights`` is ``local``; the model's name.
        weights: ``hub``, ``local`` or ``dummy``.
        revision: pinned revision on the Hub.
        config: folder with a config.json, for dummy weights.
        tokenizer: folder of the tokenizer that dummy weights use.
    """

    model: str
    weights: str
    revision: str | None = None
    config: Path | None = None
    tokenizer: Path | None = None


@dataclass(frozen=True)
class FuserSpec:
    """Where one teacher's fuser comes from: a folder (local or on the Hub), or shapes (dummy)."""

    weights: str
    checkpoint: str | None = None
    subfolder: str | None = None
    revision: str | None = None
    hidden_dim: int = 1024
    intermediate_dim: int = 1024
    num_layers: int = 3

    @property
    def location(self) -> str:
        """The checkpoint; only dummy fusers have none."""
        if self.checkpoint is None:
            raise UserError(
                "a fuser without a checkpoint has no weights to load; use weights: dummy"
            )
        return self.checkpoint


@dataclass(frozen=True)
class PairCard:
    """A base, its teachers with a fuser each, and how they are connected."""

    name: str
    base: ModelSpec
    teachers: tuple[ModelSpec, ...]
    fusers: tuple[FuserSpec, ...]
    layer_map: str = "last_aligned"
    fusion_mode: str = "sequential"
    alignment: str | None = None
    files: tuple[Path, ...] = ()

    @property
    def weights(self) -> str:
        """``real``, ``dummy``, or ``mixed`` when only some parts have made-up weights."""
        specs: tuple[ModelSpec | FuserSpec, ...] = (self.base, *self.teachers, *self.fusers)
        kinds = {spec.weights == "dummy" for spec in specs}
        return "mixed" if len(kinds) == 2 else "dummy" if kinds == {True} else "real"

    def is_real_for(self, models: Collection[str]) -> bool:
        """Whether all parts have real weights that a method uses which needs these models.

        Args:
            models: ``base``, ``teacher`` (the first), ``teachers`` (all, each with its fuser).
        """
        parts: list[ModelSpec | FuserSpec] = [self.base] if "base" in models else []
        if "teacher" in models:
            parts.append(self.teachers[0])
        if "teachers" in models:
            parts += [*self.teachers, *self.fusers]
        return all(part.weights != "dummy" for part in parts)

    def with_weights(self, weights: str) -> PairCard:
        """The same pair with all weights from another source."""
        return replace(
            self,
            base=replace(self.base, weights=weights),
            teachers=tuple(replace(teacher, weights=weights) for teacher in self.teachers),
            fusers=tuple(
                replace(fuser, weights=weights if fuser.checkpoint else "dummy")
                for fuser in self.fusers
            ),
        )


def available_pairs() -> list[str]:
    """Names of all cards."""
    return sorted(path.stem for path in PAIRS.glob("*.yaml"))


@functools.cache
def load_pair_card(name: str) -> PairCard:
    """Read and check a card.

    Raises:
        UserError: no such card, or a card that does not follow the schema.
    """
    path = PAIRS / f"{name}.yaml"
    if name not in available_pairs():
        close = difflib.get_close_matches(name, available_pairs(), n=1)
        hint = f"; did you mean {close[0]}?" if close else ""
        raise UserError(f"unknown pair {name!r}{hint} (choices: {', '.join(available_pairs())})")
    card = read_card(path, SCHEMA)
    weights = card["weights"]
    base = _model(card["base"], weights)
    teachers = [_model(teacher, weights) for teacher in card["teachers"]]
    return PairCard(
        name=name,
        base=base,
        teachers=tuple(teachers),
        fusers=tuple(_fuser(teacher.get("fuser", {}), weights) for teacher in card["teachers"]),
        layer_map=card.get("layer_map", "last_aligned"),
        fusion_mode=card.get("fusion_mode", "sequential"),
        alignment=card.get("alignment"),
        files=(path, *_shape_files([base, *teachers])),
    )


def _model(entry: dict, weights: str) -> ModelSpec:
    return ModelSpec(
        model=with_home(entry["model"]),
        weights=weights,
        revision=entry.get("revision"),
        config=PAIRS / with_home(entry["config"]) if "config" in entry else None,
        tokenizer=PAIRS / with_home(entry.get("tokenizer", STAND_IN)),
    )


def _fuser(entry: dict, weights: str) -> FuserSpec:
    """Without a checkpoint there is nothing to load: such a fuser is dummy, whatever the models."""
    if "checkpoint" not in entry:
        return FuserSpec(weights="dummy", **entry)
    return FuserSpec(weights=weights, **{**entry, "checkpoint": with_home(entry["checkpoint"])})


def _shape_files(specs: list[ModelSpec]) -> list[Path]:
    folders = {folder for spec in specs for folder in (spec.config, spec.tokenizer) if folder}
    try:
        return sorted(path for folder in folders for path in folder.glob("*.json"))
    except (OSError, ValueError) as error:  # ValueError: a name with a NUL
        raise UserError(f"the shapes of {specs[0].model} cannot be read ({error})") from None
