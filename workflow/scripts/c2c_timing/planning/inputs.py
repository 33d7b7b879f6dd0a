"""Files that a job's results depend on: what a rule declares, so that an edit makes them again."""

from __future__ import annotations

import functools
import hashlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from .. import code_files
from ..cards.dataset_card import DatasetCard, load_dataset_card
from ..cards.pair_card import load_pair_card
from ..data.sources.files import data_files
from ..data.synthetic import SYNTHETIC, document_files
from ..errors import UserError
from ..places import LIBRARY, PROJECT, WORKFLOW, from_here, in_project
from .messages import unknown

AUDIT = f"{code_files.PACKAGE}.probes.audit.first_sample"


def shard_inputs(pair: str, dataset: str, subject: str, config: Mapping[str, Any]) -> list[str]:
    """Files that determine a shard's records, besides the code: cards, templates, shapes, rows."""
    return [
        *shard_cards(pair, dataset, subject, config),
        *shard_rows(dataset, subject, config),
    ]


def shard_rows(dataset: str, subject: str, config: Mapping[str, Any]) -> list[str]:
    """Files of rows, as far as a rule can name them: inputs of the shard's job."""
    card = _card_of(dataset, subject)
    files = [card.sample_file(subject)] if config["source"] == "builtin" else []
    rows = _own_rows(dataset, config)
    named = [*files, *(path for path in rows if not _looks_like_pattern(path))]
    return list(map(from_here, named))


def shard_cards(
    pair: str, dataset: str, subject: str, config: Mapping[str, Any]
) -> tuple[str, ...]:
    """The project's files: cards, templates, shapes of models, documents of written prompts."""
    card = _card_of(dataset, subject)
    templates = (card.prompt_for(subject), card.question)
    key = (pair, dataset, templates, tuple(config["methods"]), config["source"])
    if key not in _SHARED:
        files = [*card.files_for(subject), *load_pair_card(pair).files]
        files += code_files.method_templates(config["methods"])
        files += document_files() if config["source"] == SYNTHETIC else []
        _SHARED[key] = tuple(map(in_project, files))
    return _SHARED[key]


# Of ten thousand shards most have the same ones: templates are parsed to find what they include.
_SHARED: dict[tuple, tuple[str, ...]] = {}


def _card_of(dataset: str, subject: str) -> DatasetCard:
    card = load_dataset_card(dataset)
    if subject not in card.subjects:
        raise UserError(unknown(f"subject of {dataset}", subject, card.subjects))
    return card


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
    return list(map(in_project, sorted({*code_files.record_code(), *audit})))


def timing_code_digest(config: Mapping[str, Any]) -> str:
    """Of these modules: a parameter of every shard."""
    return digest(tuple(timing_code(config)))


@functools.cache
def digest(files: tuple[str, ...]) -> str:
    """Of the names and contents of the project's files: as one parameter of every shard.

    As inputs of each of ten thousand shards a hundred files would be looked at a million times.
    """
    whole = "".join(f"{path}\n{_content(path)}\n" for path in files)
    return hashlib.sha256(whole.encode()).hexdigest()[:16]


@functools.cache
def _content(path: str) -> str:
    try:
        return hashlib.sha256((PROJECT / path).read_bytes()).hexdigest()
    except OSError:  # the job itself will say so
        return "unreadable"


def config_files(all_files: Iterable[os.PathLike], laid_over: Iterable[os.PathLike]) -> list[str]:
    """Files of a config as a person would name them; later ones lie over earlier ones.

    Args:
        all_files: in the order in which Snakemake met them: those of the command line first.
        laid_over: those of the command line.
    """
    over = [Path(path).absolute() for path in laid_over]
    base = [path for path in map(Path.absolute, map(Path, all_files)) if path not in over]
    return [
        str(path).removeprefix(f"{Path.cwd()}{os.sep}") for path in dict.fromkeys([*base, *over])
    ]


def command_code(script: str) -> list[str]:
    """Modules that a command uses."""
    return list(map(from_here, code_files.script_code(script)))


def library_folder(folder: str) -> list[str]:
    """What lies in and below a folder of the library without modules: templates, published numbers."""
    return _files_below(LIBRARY / folder)


def workflow_folder(folder: str) -> list[str]:
    """What lies in and below a folder of ``workflow/`` that a command reads."""
    return _files_below(WORKFLOW / folder)


def _files_below(folder: Path) -> list[str]:
    return [from_here(path) for path in sorted(folder.rglob("*")) if path.is_file()]
