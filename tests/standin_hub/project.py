"""The project's own hub source, as ``ask`` calls it."""

from __future__ import annotations

import itertools
from typing import Any


def rows(dataset: str, subject: str, first: int | None = None, **spec: Any) -> list[Any]:
    """Values of the rows of a subject, or of its first ones; a problem where a row has one."""
    from c2c_timing.cards.dataset_card import load_dataset_card
    from c2c_timing.data.sources import SourceSpec, read_rows

    found = read_rows(load_dataset_card(dataset), subject, SourceSpec(kind="hub", **spec))
    return [row.problem or row.values for row in itertools.islice(found, first)]


def prompts(dataset: str, subject: str, first: int | None = None) -> list[Any]:
    """Messages of the prompts that the rows become."""
    from c2c_timing.cards.dataset_card import load_dataset_card
    from c2c_timing.data.prompts import build_prompt

    card = load_dataset_card(dataset)
    return [build_prompt(card, subject, row).messages for row in rows(dataset, subject, first)]


def uncarded(hub_id: str, source: dict[str, Any], **asked: Any) -> dict[str, Any]:
    """The card that is made for a data set without one, what is said of it, and its prompts."""
    from c2c_timing.cards.guessed_card import described
    from c2c_timing.data.prompts import build_prompt
    from c2c_timing.data.sources import SourceSpec, read_rows
    from c2c_timing.data.sources.uncarded import uncarded as made_for

    spec = SourceSpec(**{"kind": "hub", **source})
    card = made_for(hub_id, spec, **asked)
    (subject,) = card.subjects
    found = list(read_rows(card, subject, spec))
    return {
        "name": card.name,
        "subject": subject,
        "said": described(card),
        "ids": [row.id for row in found],
        "prompts": [build_prompt(card, subject, row.values).messages for row in found],
    }
