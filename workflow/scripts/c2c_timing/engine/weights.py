"""What a pair's weights are, without reading them: enough to tell one pair from another."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ..cards.pair_card import FuserSpec, ModelSpec, PairCard
from ..places import PROJECT
from .hub import commit_of


def weights_of(pair: PairCard) -> list[Any]:
    """Of each model and fuser of a card ``at_commits``.

    Shapes where they are dummy, the commit where they are the Hub's, and name, size and time of change
    of local files, which are too large to be read for this.
    """
    models = (pair.base, *pair.teachers)
    return [*map(_model_weights, models), *map(fuser_weights, pair.fusers)]


def _model_weights(spec: ModelSpec) -> Any:
    if spec.weights == "dummy":
        folders = [folder for folder in (spec.config, spec.tokenizer) if folder]
        return [contents(sorted(folder.glob("*.json"))) for folder in folders]
    return commit_of(spec) or _listing(Path(spec.model))


def fuser_weights(spec: FuserSpec) -> Any:
    """Of one fuser of a card ``at_commits``."""
    if spec.weights == "dummy":
        return None
    return commit_of(spec) or _listing(Path(spec.location) / (spec.subfolder or ""))


def _listing(folder: Path) -> list[Any]:
    files = sorted(path for path in folder.iterdir() if path.is_file())
    stats = [path.stat() for path in files]
    return [[path.name, s.st_size, s.st_mtime_ns] for path, s in zip(files, stats, strict=True)]


def contents(paths: Iterable[Path]) -> dict[str, str]:
    """Digest by name; whole paths would tell one checkout from another."""
    return {
        str(
            path.relative_to(PROJECT) if path.is_relative_to(PROJECT) else path.name
        ): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in paths
    }
