"""What determines a shard's records, in a few digests: only what is equal may go on in a journal."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..cards.dataset_card import DatasetCard
from ..code_files import method_templates, record_code
from ..data.sources import Row
from ..engine.weights import contents, weights_of
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
        "code": contents(record_code()),
        "versions": versions(),
        "device": [config["device"], config["threads"]],
        "settings": settings.as_plain(),
        "weights": weights_of(session.card),
        "cards": [_card(card, subject, settings) for card, subject, _ in batches],
        "rows": [[subject, *map(_row, rows)] for _, subject, rows in batches],
    }
    return {topic: _digest(value) for topic, value in parts.items()}


@functools.cache
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
    return [card.name, card.content, contents(templates)]


def _row(row: Row) -> str:
    other = row.other and (row.other.id, row.other.values)  # may stand in another chunk
    try:
        return repr((row.id, row.values, row.problem, other))
    except RecursionError:  # nested too deeply to be written: no prompt can come of it
        return row.id


def _digest(value: Any) -> str:
    # repr knows whatever a Parquet file or a YAML card may hold; JSON does not.
    return hashlib.sha256(repr(value).encode("utf-8", "surrogatepass")).hexdigest()[:16]
