"""The same record, request or id in several files: what is counted once, and what is told apart.

- A record that is equal in all keys to another one is a copy, and counts once.
- The same request with other times is one more repeat of its sample.
- An id that names rows of different content names several samples.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from ..errors import UserError
from .columns import IDENTITY, SETTING
from .setups import PARTS

CONFIG = [*SETTING, *(f"model_config.{key}" for key in PARTS)]
# What the requests of one sample have in common, whatever methods and runtimes they are of.
OF_SAMPLE = ["pair", "dataset", "subject", "id", *CONFIG]
HOW = [name for name in IDENTITY if name not in OF_SAMPLE]

Row = dict[str, Any]


class Copies:
    """Lines that were seen before, in any file."""

    def __init__(self, what: str) -> None:
        self._what, self._number = what, 0
        self._seen: dict[bytes, Path] = {}
        self._example = ""

    @property
    def sentence(self) -> str | None:
        """What was found, for people; None where there was no copy."""
        if not self._number:
            return None
        return f"{self._number} {self._what} are copies of others and count once ({self._example})"

    def without(self, lines: Iterable[Row], path: Path) -> Iterator[Row]:
        """The lines of a file that are no copies."""
        for line in lines:
            key = hashlib.sha256(json.dumps(line, sort_keys=True).encode()).digest()
            if key not in self._seen:
                self._seen[key] = path
                yield line
                continue
            self._number += 1
            self._example = self._example or f"the first in {path}, as in {self._seen[key]}"


def tell_ids_apart(rows: Iterable[Row]) -> str | None:
    """Give an id that names rows of different content its row's digest; say so in a sentence."""
    rows = [row for row in rows if row.get("row_digest")]
    contents: dict[tuple, set[str]] = defaultdict(set)
    for row in rows:
        contents[_named(row)].add(row["row_digest"])
    shared = {name for name, digests in contents.items() if len(digests) > 1}
    for row in rows:
        if _named(row) in shared:
            row["id"] = f"{row['id']}#{row['row_digest']}"
    if not shared:
        return None
    dataset, subject, name = min(shared)
    return (
        f"{len(shared)} ids name rows of different content and are told apart "
        f"(such as {name} of {dataset}/{subject})"
    )


def number_repeats(files: Iterable[list[Row]]) -> str | None:
    """Let a file's requests that another file has, too, follow as further repeats; say so.

    All requests of a sample in a file move together, so that those which were run together stay
    together: to where an earlier file's have moved, if all of them are new there.
    """
    seen: set[tuple] = set()
    steps: dict[tuple, list[int]] = {}
    last: dict[tuple, int] = {}
    prompts: dict[tuple, str] = {}
    moved = 0
    for rows in files:
        samples: dict[tuple, list[Row]] = defaultdict(list)
        for row in rows:
            samples[tuple(str(row.get(name)) for name in OF_SAMPLE)].append(row)
        for sample, own in samples.items():
            known = steps.setdefault(sample, [0])
            keys = [(*sample, *(row[name] for name in HOW)) for row in own]
            free = (
                step for step in known
                if not any((*key, row["repeat"] + step) in seen for key, row in zip(keys, own, strict=True))
            )  # fmt: skip
            step = next(free, None)
            if step is None:
                step = last[sample]
                known.append(step)
            for key, row in zip(keys, own, strict=True):
                _check_prompt(row, prompts.setdefault(key, row["prompt"]))
                row["repeat"] += step
                seen.add((*key, row["repeat"]))
            last[sample] = max(last.get(sample, 0), *(row["repeat"] for row in own))
            moved += len(own) if step else 0
    if not moved:
        return None
    return f"{moved} records are of requests that another file has, too: they count as repeats"


def _check_prompt(row: Row, prompt: str) -> None:
    """A sample is what is read: the same row in another wording is none of its repeats.

    A message is written anew each time, and stands in the prompt of text-to-text.
    """
    if row.get("message") is None and row["prompt"] != prompt:
        raise UserError(
            f"{row['id']} of {row['dataset']}/{row['subject']} ({row['pair']}, {row['method']}): its "
            "prompt differs from file to file; merge them apart"
        )


def _named(row: Row) -> tuple[str, str, str]:
    return row["dataset"], row["subject"], row["id"]
