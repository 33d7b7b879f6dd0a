"""Repositories of models on the Hub: which commit is loaded is settled once, before anything is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path, PurePosixPath

from ..cards.pair_card import FuserSpec, ModelSpec, PairCard
from .fuser import TRAINING_CONFIG
from .loading_errors import explained


def at_commits(card: PairCard) -> PairCard:
    """The card with each revision on the Hub made the commit that it stands for at this moment.

    A repository may move while a pair is loaded, and between two attempts at a shard: whatever is
    loaded by such a card is of one commit, which records and fingerprints can name. A folder in a
    model's place is read as a folder, as transformers reads it.

    Raises:
        UserError: neither the Hub nor the cache can tell the commit.
    """
    return replace(
        card,
        base=_model_at_commit(card.base),
        teachers=tuple(map(_model_at_commit, card.teachers)),
        fusers=tuple(map(_fuser_at_commit, card.fusers)),
    )


def commit_of(spec: ModelSpec | FuserSpec) -> str | None:
    """The commit of a model or fuser of ``at_commits``; only the Hub's have one."""
    return spec.revision if spec.weights == "hub" else None


def download_fuser(spec: FuserSpec, from_cache: bool = False) -> Path:
    """The snapshot of a fuser's repository, named by its commit; from the cache without a network."""
    return _snapshot(spec.location, spec.revision, wanted_files(spec.subfolder), from_cache)


def wanted_files(subfolder: str | None) -> list[str] | None:
    """The checkpoint's own folder, and the config of its training that lies a folder above."""
    if not subfolder:
        return None
    above = PurePosixPath(subfolder).parent
    return [f"{subfolder}/*", str(above / TRAINING_CONFIG)]


def _model_at_commit(spec: ModelSpec) -> ModelSpec:
    if spec.weights != "hub":
        return spec
    if Path(spec.model).is_dir():
        return replace(spec, weights="local", revision=None)
    # The library asks the Hub, else the cache, and notes in the cache which commit a branch was.
    return replace(spec, revision=_snapshot(spec.model, spec.revision, "config.json").name)


def _fuser_at_commit(spec: FuserSpec) -> FuserSpec:
    if spec.weights != "hub":
        return spec
    if Path(spec.location).is_dir():
        return replace(spec, weights="local", revision=None)
    return replace(spec, revision=download_fuser(spec).name)


def _snapshot(
    repository: str,
    revision: str | None,
    only: str | list[str] | None,
    from_cache: bool = False,
) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.utils import disable_progress_bars

    disable_progress_bars()
    with explained(repository):
        return Path(
            snapshot_download(
                repository, revision=revision, allow_patterns=only, local_files_only=from_cache
            )
        )
