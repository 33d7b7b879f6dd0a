"""A data set on the Hub that no card describes: its configurations, splits and columns."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ...cards.dataset_card import DatasetCard
from ...cards.guessed_card import Column, Place, guessed_card
from ...errors import UserError
from .hub import from_the_hub, open_table, quiet_datasets
from .rows import SourceSpec

HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
SPLITS = ("test", "validation", "train")
"""Where several are there and none is asked for: the first of these."""

LOOK_AT_ROWS = 100
TURN_KEYS = (("role", "content"), ("from", "value"))
MIN_CHOICES, MAX_CHOICES = 2, 10


def uncarded(
    hub_id: str,
    source: SourceSpec,
    config: str | None = None,
    prompt: str | None = None,
    choices: str | None = None,
) -> DatasetCard:
    """A card for a data set that has none, made from what the Hub serves.

    Args:
        source: its split and revision are heeded.
        config, prompt, choices: names of a configuration and of columns; None leaves them to a guess.

    Raises:
        UserError: it cannot be read, or there are several configurations, or a name is not there.
    """
    if source.kind != "hub":
        raise UserError(f"{hub_id}: has no card; --source {source.kind} needs one (use hub)")
    if not HUB_ID.fullmatch(hub_id) or Path(hub_id).exists():
        raise UserError(f"{hub_id}: is no Hub id; a file of prompts is given with --dataset_file")
    with from_the_hub(hub_id, source.revision, "has no card"):
        tables, config = _open(hub_id, config, source.revision)
    split = _split(hub_id, list(tables), source.split)
    rows = tables[split]
    first = rows.select(range(min(LOOK_AT_ROWS, len(rows))))
    columns = columns_of(rows.column_names, first)
    return guessed_card(Place(hub_id, config, split), columns, prompt, choices)


def columns_of(names: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> dict[str, Column]:
    """What the columns of some rows hold; nulls tell nothing."""
    values: dict[str, list[Any]] = {name: [] for name in names}
    for row in rows:
        for name in names:
            if row[name] is not None:
                values[name].append(row[name])
    return {name: _column(found) for name, found in values.items()}


def _column(values: Sequence[Any]) -> Column:
    if values and all(isinstance(value, str) for value in values):
        return Column("text")
    if values and all(map(_are_choices, values)):
        return Column("choices")
    for role, text in TURN_KEYS:
        if values and all(_are_turns(value, role, text) for value in values):
            return Column("turns", role, text)
    return Column("something else")


def _are_choices(value: Any) -> bool:
    texts = value.get("text") if isinstance(value, dict) else value
    return (
        isinstance(texts, list)
        and MIN_CHOICES <= len(texts) <= MAX_CHOICES
        and all(isinstance(text, str) for text in texts)
    )


def _are_turns(value: Any, role: str, text: str) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(turn, dict) and {role, text} <= turn.keys() for turn in value)
    )


def _open(hub_id: str, config: str | None, revision: str | None) -> tuple[Any, str]:
    """All splits of a configuration, and its name."""
    datasets = quiet_datasets()
    if datasets.config.HF_HUB_OFFLINE:  # what was read before is there, and says its name
        tables = open_table(hub_id, config, None, revision)
        return tables, next(iter(tables.values())).info.config_name
    configs = datasets.get_dataset_config_names(hub_id, revision=revision)
    if config is None and len(configs) > 1:
        raise UserError(f"{hub_id}: has several configs; name one with --config ({_list(configs)})")
    if config is not None and config not in configs:
        raise UserError(f"{hub_id}: --config {config}: no such config ({_list(configs)})")
    config = config or configs[0]
    return open_table(hub_id, config, None, revision), config


def _split(hub_id: str, splits: Sequence[str], asked: str | None) -> str:
    if asked and asked not in splits:
        raise UserError(f"{hub_id}: --split {asked}: no such split ({_list(splits)})")
    split = asked or (splits[0] if len(splits) == 1 else None)
    split = split or next((name for name in SPLITS if name in splits), None)
    if not split:
        raise UserError(f"{hub_id}: has several splits; name one with --split ({_list(splits)})")
    return split


def _list(names: Sequence[str]) -> str:
    return f"there are: {', '.join(names)}"
