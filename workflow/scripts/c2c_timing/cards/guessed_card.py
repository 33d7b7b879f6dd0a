"""A card for a data set that has none: which columns are the prompt, by their names and what they hold.

What is the right answer nobody guesses: ``correct`` stays null.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import UserError
from .dataset_card import DatasetCard
from .subject_names import EVERY_SUBJECT, ONLY_SUBJECT

PROMPTS = (
    *("prompt", "question", "instruction", "problem", "query", "input"),
    *("messages", "conversations", "conversation", "dialogue", "dialog", "text"),
)
"""Names of prompt columns, the surest first."""

CHOICES = ("choices", "options", "answer_choices", "endings")
OTHER_WORDS = {"id", "type", "source", "answer", "answers", "length", "category", "level"}
"""``question_id`` is no question."""

ROLES = {"user": "user", "human": "user", "assistant": "assistant", "gpt": "assistant"}


@dataclass(frozen=True)
class Column:
    """A column of a data set.

    Attributes:
        holds: ``text``, ``choices`` (2 to 10 texts a row), ``turns`` (of a chat), or ``something else``.
        role, text: of turns, the keys of speaker and text.
    """

    holds: str
    role: str = ""
    text: str = ""


@dataclass(frozen=True)
class Place:
    """A table on the Hub."""

    hub_id: str
    config: str
    split: str


def guessed_card(
    place: Place,
    columns: Mapping[str, Column],
    prompt: str | None = None,
    choices: str | None = None,
) -> DatasetCard:
    """A card in memory; ``prompt`` and ``choices`` name columns, and are guessed where they are None.

    Raises:
        UserError: a column is not there or holds what it cannot, or none looks like a prompt.
    """
    prompt = prompt or _guess_prompt(place, columns)
    holds = _column(place, columns, prompt, "--prompt_column", ("text", "turns"))
    if choices:
        _column(place, columns, choices, "--choices_column", ("choices",))
        if holds.holds == "turns":
            raise UserError(f"{place.hub_id}: --choices_column: column {prompt!r} holds chats")
    elif holds.holds == "text":
        choices = next((name for name in _named(columns, CHOICES, ("choices",))), None)
    config = "" if place.config == "default" else place.config
    subject = re.sub(r"[^\w.+-]", "-", config).lstrip(".+-")[:100]
    if subject.lower() in ("", EVERY_SUBJECT):  # which is asked for when all are
        subject = ONLY_SUBJECT
    content = {
        "title": place.hub_id,
        "hub": {"id": place.hub_id, "config": place.config, "split": place.split},
        "subjects": {subject: {}},
        "id_column": "id",
        "max_new_tokens": 64,
        "answer": {"column": "none", "rule": "none"},
        **_reading(prompt, holds, choices),
    }
    # Both parts of the id: somebody's copy of gsm8k is not the data set of that card.
    name = place.hub_id.replace("/", "--")
    return DatasetCard(name, Path(f"{name}.yaml"), content)


def described(card: DatasetCard) -> str:
    """What was taken, and how to take something else: one line for the user."""
    content, hub = card.content, card.hub
    if "conversation" in content:
        asked = f"the first user turn of column {content['conversation']['column']!r}"
    else:
        asked = f"column {content['columns']['question']!r}"
    choices = content.get("columns", {}).get("choices")
    options = f"choices are column {choices!r}" if choices else "there are no choices"
    return (
        f"{hub['id']} has no card; config {hub['config']!r}, split {hub['split']!r}: the prompt is "
        f"{asked}, {options}, answers are not judged; --config, --split, --prompt_column and "
        "--choices_column say otherwise, and a card in workflow/datasets says it once "
        "(docs/add-a-data-set.md)"
    )


def _reading(prompt: str, column: Column, choices: str | None) -> dict[str, Any]:
    """How rows become prompts, in a card's words."""
    if column.holds == "turns":
        spec = {"column": prompt, "role": column.role, "text": column.text, "roles": ROLES}
        return {"conversation": {**spec, "turns": "first_user"}}
    if choices:
        return {
            "columns": {"question": prompt, "choices": choices},
            "choices": "choices",
            "prompt": '{% include "multiple_choice.jinja" %}',
            "question": '{% include "question_and_choices.jinja" %}',
        }
    return {"columns": {"question": prompt}, "prompt": "{{ question }}"}


def _column(
    place: Place, columns: Mapping[str, Column], name: str, flag: str, wanted: Collection[str]
) -> Column:
    if name not in columns:
        raise UserError(f"{place.hub_id}: {flag} {name}: no such column ({_listed(columns)})")
    if columns[name].holds not in wanted:
        raise UserError(
            f"{place.hub_id}: {flag} {name}: holds {columns[name].holds}, not "
            f"{' or '.join(wanted)} ({_listed(columns)})"
        )
    return columns[name]


def _guess_prompt(place: Place, columns: Mapping[str, Column]) -> str:
    for name in _named(columns, PROMPTS, ("text", "turns")):
        return name
    texts = [name for name, column in columns.items() if column.holds in ("text", "turns")]
    likely = [name for name in texts if _words(name) & set(PROMPTS)]
    likely = [name for name in likely if not _words(name) & OTHER_WORDS]
    for found in (likely, texts):
        if len(found) == 1:
            return found[0]
    raise UserError(
        f"{place.hub_id}: no column is surely the prompt; name it with --prompt_column "
        f"({_listed(columns)})"
    )


def _named(
    columns: Mapping[str, Column], names: Collection[str], holds: Collection[str]
) -> list[str]:
    """Columns that bear one of the names and hold the right thing, in the order of the names."""
    return [
        column
        for name in names
        for column in columns
        if column.lower() == name and columns[column].holds in holds
    ]


def _words(name: str) -> set[str]:
    parts = re.sub(r"([a-z])([A-Z])", r"\1_\2", name)
    return set(re.split(r"[\W_]+", parts.lower()))


def _listed(columns: Mapping[str, Column]) -> str:
    return "columns: " + ", ".join(f"{name} ({c.holds})" for name, c in columns.items())
