"""Where rows come from: built-in samples, local files, or the Hub."""

from __future__ import annotations

from collections.abc import Iterator

from ...cards.dataset_card import DatasetCard
from .rows import Row, SourceSpec, with_ids

__all__ = ["Row", "SourceSpec", "read_rows"]


def read_rows(card: DatasetCard, subject: str, spec: SourceSpec) -> Iterator[Row]:
    """The rows of one subject, in the source's order, with ids that are unique.

    Raises:
        UserError: the source as a whole cannot be read.
    """
    if spec.kind == "hub":
        from .hub import read_hub

        found = read_hub(card, subject, spec)
    else:
        from .local import read_builtin, read_local

        found = (
            read_builtin(card, subject)
            if spec.kind == "builtin"
            else read_local(card, subject, spec.data_path, spec.split)
        )
    return with_ids(found, card, subject)
