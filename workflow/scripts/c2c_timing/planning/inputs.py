"""Files that a job's results depend on: what a rule declares, so that an edit makes them again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from .. import code_files
from ..cards.dataset_card import load_dataset_card
from ..cards.pair_card import load_pair_card
from ..data.sources.files import data_files
from ..data.synthetic import SYNTHETIC, document_files
from ..errors import UserError
from ..places import LIBRARY, PROJECT
from .messages import unknown

AUDIT = f"{code_files.PACKAGE}.probes.audit.first_sample"


def shard_inputs(pair: str, dataset: str, subject: str, config: Mapping[str, Any]) -> list[str]:
    """Files that determine a shard's records, besides the code: cards, templates, shapes, rows."""
    card = load_dataset_card(dataset)
    if subject not in card.subjects:
        raise UserError(unknown(f"subject of {dataset}", subject, card.subjects))
    templates = (card.prompt_for(subject), card.question)
    files = [*_shared_files(pair, dataset, subject, templates, tuple(config["methods"]))]
    if config["source"] == "builtin":
        files += _relative([card.sample_file(subject)])
    if config["source"] == SYNTHETIC:
        files += _relative(document_files())
    rows = _own_rows(dataset, config)
    return files + _relative(path for path in rows if not _looks_like_pattern(path))


# Of ten thousand shards most have the same ones: templates are parsed to find what they include.
_SHARED: dict[tuple, list[str]] = {}


def _shared_files(
    pair: str, dataset: str, subject: str, templates: tuple, methods: tuple[str, ...]
) -> list[str]:
    """What shards of a pair and a data set have in common, if their templates are the same."""
    key = (pair, dataset, templates, methods)
    if key not in _SHARED:
        files = [*load_dataset_card(dataset).files_for(subject), *load_pair_card(pair).files]
        _SHARED[key] = _relative(files + code_files.method_templates(methods))
    return _SHARED[key]


def unlisted_rows(dataset: str, config: Mapping[str, Any]) -> list[str]:
    """Files of rows that no rule can name, each with its size and time of change.

    Snakemake takes braces in an input's name for a wildcard, and knows no way to write them. As a
    parameter of the rule they are watched all the same.
    """
    found = [
        (path, path.stat()) for path in _own_rows(dataset, config) if _looks_like_pattern(path)
    ]
    return [f"{path} {stat.st_size} {stat.st_mtime_ns}" for path, stat in found]


def _own_rows(dataset: str, config: Mapping[str, Any]) -> list[Path]:
    path = config["data_path"].get(dataset)
    return data_files(Path(path)) if config["source"] == "local" and path else []


def _looks_like_pattern(path: Path) -> bool:
    return "{" in str(path) or "}" in str(path)


def timing_code(config: Mapping[str, Any]) -> list[str]:
    """Modules that a shard's files depend on. Its command and how its run is kept are none."""
    audit = code_files.closure(AUDIT) if config["audit"] else []
    return _relative(sorted({*code_files.record_code(), *audit}))


def timing_code_digest(config: Mapping[str, Any]) -> str:
    """Of the contents of these modules: as one parameter of every shard.

    A hundred files as inputs of each of ten thousand shards would be looked at a million times.
    """
    digest = hashlib.sha256()
    for path in timing_code(config):
        digest.update(
            f"{path}\n{hashlib.sha256((PROJECT / path).read_bytes()).hexdigest()}\n".encode()
        )
    return digest.hexdigest()[:16]


def command_code(script: str) -> list[str]:
    """Modules that a command uses."""
    return _relative(code_files.script_code(script))


def library_folder(folder: str) -> list[str]:
    """What lies in and below a folder of the library without modules: templates, published numbers."""
    return _relative(sorted(path for path in (LIBRARY / folder).rglob("*") if path.is_file()))


def _relative(paths: Iterable[Path]) -> list[str]:
    """From the project's folder, where they lie in it: the same in every checkout."""
    return [str(p.relative_to(PROJECT) if p.is_relative_to(PROJECT) else p) for p in paths]
