"""What determines a shard's records, in a few digests: only what is equal may go on in a journal."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..cards.dataset_card import DatasetCard
from ..cards.pair_card import FuserSpec, ModelSpec, PairCard
from ..code_files import method_templates, record_code
from ..data.sources import Row
from ..engine.hub import commit_of
from ..places import PROJECT
from ..settings import RunSettings

if TYPE_CHECKING:
    from ..session import Session

Batch = tuple[DatasetCard, str, list[Row]]


def fingerprint(batches: Sequence[Batch], session: Session) -> dict[str, str]:
    """Digests by topic, so that a difference can be named.

    ``settings`` hold the pair card too; ``device`` is its name and the number of threads; ``weights``
    are shapes where they are dummy, the commit where they are the Hub's, and name, size and time of
    change of local files, which are too large to be read for this; ``rows`` are the rows themselves,
    whatever source, selection and seed they come from.
    """
    config, settings = session.model_config, session.settings
    parts = {
        "code": _contents(record_code()),
        "versions": versions(),
        "device": [config["device"], config["threads"]],
        "settings": settings.as_plain(),
        "weights": _weights(session.card),
        "cards": [_card(card, subject, settings) for card, subject, _ in batches],
        "rows": [[subject, *map(_row, rows)] for _, subject, rows in batches],
    }
    return {topic: _digest(value) for topic, value in parts.items()}


def versions() -> dict[str, str]:
    """Of what runs the models."""
    import platform
    from importlib.metadata import version
    from importlib.util import find_spec

    return {"python": platform.python_version()} | {
        name: version(name)
        for name in ("torch", "transformers", "tokenizers", "triton")
        if find_spec(name)
    }


def _card(card: DatasetCard, subject: str, settings: RunSettings) -> list[Any]:
    templates = [*card.files_for(subject)[1:], *method_templates(settings.methods)]
    return [card.name, card.content, _contents(templates)]


def _row(row: Row) -> str:
    other = row.other and (row.other.id, row.other.values)  # may stand in another chunk
    try:
        return repr((row.id, row.values, row.problem, other))
    except RecursionError:  # nested too deeply to be written: no prompt can come of it
        return row.id


def _weights(pair: PairCard) -> list[Any]:
    models = (pair.base, *pair.teachers)
    return [*map(_model_weights, models), *map(_fuser_weights, pair.fusers)]


def _model_weights(spec: ModelSpec) -> Any:
    if spec.weights == "dummy":
        folders = [folder for folder in (spec.config, spec.tokenizer) if folder]
        return [_contents(sorted(folder.glob("*.json"))) for folder in folders]
    return commit_of(spec) or _listing(Path(spec.model))


def _fuser_weights(spec: FuserSpec) -> Any:
    if spec.weights == "dummy":
        return None
    return commit_of(spec) or _listing(Path(spec.location) / (spec.subfolder or ""))


def _listing(folder: Path) -> list[Any]:
    files = sorted(path for path in folder.iterdir() if path.is_file())
    stats = [path.stat() for path in files]
    return [[path.name, s.st_size, s.st_mtime_ns] for path, s in zip(files, stats, strict=True)]


def _contents(paths: Iterable[Path]) -> dict[str, str]:
    """Digest by name; whole paths would tell one checkout from another."""
    return {
        str(
            path.relative_to(PROJECT) if path.is_relative_to(PROJECT) else path.name
        ): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in paths
    }


def _digest(value: Any) -> str:
    # repr knows whatever a Parquet file or a YAML card may hold; JSON does not.
    return hashlib.sha256(repr(value).encode("utf-8", "surrogatepass")).hexdigest()[:16]
