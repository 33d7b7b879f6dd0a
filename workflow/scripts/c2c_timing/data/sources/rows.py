"""What every source yields."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from ...cards.dataset_card import DatasetCard


@dataclass(frozen=True)
class SourceSpec:
    """Where rows are read.

    Attributes:
        kind: ``builtin``, ``hub``, ``local``, or ``synthetic``: written, not read (``data.synthetic``).
        data_path: file or folder, for ``local``.
        revision: pinned revision on the Hub; None takes the newest.
        split: None takes the card's.
        prompt_tokens: lengths of synthetic prompts; None takes the data set's.
    """

    kind: str
    data_path: str | None = None
    revision: str | None = None
    split: str | None = None
    prompt_tokens: tuple[int, ...] | None = None


@dataclass(frozen=True)
class Row:
    """One row in native columns, or what is wrong with it (and no values).

    Attributes:
        other: another row of the shard, for methods that need one.
        digest: of the content.
    """

    id: str
    values: dict[str, Any]
    problem: str | None = None
    other: Row | None = None
    digest: str = ""


@dataclass(frozen=True)
class Expected:
    """What a file should hold, by the card.

    Attributes:
        split: name of the split.
        columns: those that a prompt or its answer is made of.
        lists: of these, those that hold a list.
    """

    split: str
    columns: frozenset[str]
    lists: frozenset[str]


@dataclass(frozen=True)
class Unreadable:
    """Stands in a row for what could not be read for certain: the row is a bad one."""

    why: str


# Of a digest in an id: among a million rows two would be alike by chance once in 500 such sets.
DIGITS = 12
Found = dict[str, Any] | str
"""A row's values, or a sentence that says why it cannot be read."""


def expected_of(card: DatasetCard, subject: str, split: str | None = None) -> Expected:
    """What a subject's files should hold."""
    content, answer = card.content, card.answer_for(subject)
    columns = content.get("columns", {})
    lists = {columns.get(content.get("choices"))}
    if "conversation" in content:
        lists.add(content["conversation"]["column"])
    if answer["rule"] == "any_of":
        lists.add(answer["column"])
    lists.discard(None)
    known = {*columns.values(), *lists, answer["column"]}
    return Expected(split or card.hub["split"], frozenset(known), frozenset(lists))


def with_ids(found: Iterable[Found], card: DatasetCard, subject: str) -> Iterator[Row]:
    """Name each row by its own id column, else by its content; a repeated id gets more of a name.

    A place would name another row in each part of a data set: by its content a row is the same
    wherever it stands. Of an id that is repeated the later row has its content's digest too, and of
    equal rows a number.
    """
    seen: dict[str, int] = {}
    column = card.content.get("id_column")
    columns = expected_of(card, subject).columns
    for read in found:
        problem = read if isinstance(read, str) else _problem(read)
        values = {} if problem or isinstance(read, str) else read
        digest = _digest(read, columns)
        own = values.get(column) if column else None
        is_own = own not in (None, "")
        name = str(own) if is_own else f"{card.name}/{subject}/{digest}"
        if is_own and name in seen:
            name = f"{name}#{digest}"
        yield Row(_unused(name, seen), values, problem, digest=digest)


def _digest(read: Found, columns: Collection[str]) -> str:
    """Of what prompt and answer are made of; of all that there is where that is not there."""
    content: Any = read
    if not isinstance(read, str):
        content = {name: read[name] for name in columns if name in read} or read
    try:
        text = json.dumps(content, sort_keys=True, default=str, skipkeys=True)
    except (ValueError, RecursionError, TypeError):  # thousands of digits, deep nesting, odd keys
        text = "cannot be written"
    return hashlib.sha256(text.encode()).hexdigest()[:DIGITS]


def _problem(values: dict[str, Any]) -> str | None:
    """Why a row could not be written into a record; None where it could."""
    try:
        json.dumps(values, ensure_ascii=False, default=_plain, skipkeys=True).encode()
    except UnicodeEncodeError:
        return "the row holds half a character (a lone surrogate)"
    except (ValueError, RecursionError) as error:  # a number of thousands of digits, deep nesting
        return f"the row cannot be written ({error})"
    return None


def _plain(value: Any) -> str:
    if isinstance(value, Unreadable):
        raise ValueError(value.why)
    return str(value)


def _unused(name: str, seen: dict[str, int]) -> str:
    number = seen.get(name, 0) + 1
    unused = name if number == 1 else f"{name}#{number}"
    while number > 1 and unused in seen:  # somebody else's own id
        number += 1
        unused = f"{name}#{number}"
    seen[name] = number
    seen.setdefault(unused, 1)
    return unused
