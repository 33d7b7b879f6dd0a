"""The same record, request or id in several files: what is counted once, and what is told apart.

- A record that is equal in all keys to another one is a copy, and counts once.
- The same request with other times is one more repeat of its sample.
- An id that names rows of different content names several samples.

What is looked at are the keys of all records (``parts.KEYS``), as columns of numbers; records
themselves are read again only where their keys are alike.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..errors import UserError
from .columns import IDENTITY, SETTING
from .record_lines import content_at, content_of
from .setups import PARTS

CONFIG = [*SETTING, *(f"model_config.{key}" for key in PARTS)]
# What the requests of one sample have in common, whatever methods and runtimes they are of. ``config``
# numbers what is equal in all of ``CONFIG``.
OF_SAMPLE = ["pair", "dataset", "subject", "id", "config"]
HOW = [name for name in IDENTITY if name not in OF_SAMPLE]

Row = dict[str, Any]


class Copies:
    """What was seen before, in any file."""

    def __init__(self, what: str) -> None:
        self._what, self._number = what, 0
        self._seen: dict[Hashable, Path] = {}
        self._example = ""

    @property
    def sentence(self) -> str | None:
        """What was found, for people; None where there was no copy."""
        if not self._number:
            return None
        return f"{self._number} {self._what} are copies of others and count once ({self._example})"

    def is_new(self, digest: Hashable, path: Path) -> bool:
        """Whether what has this digest, in this file, is the first of its kind."""
        if digest not in self._seen:
            self._seen[digest] = path
            return True
        self._number += 1
        self._example = self._example or f"the first in {path}, as in {self._seen[digest]}"
        return False

    def without(self, lines: Iterable[tuple[Path, Row]]) -> Iterator[Row]:
        """The lines of files that are no copies."""
        yield from (line for path, line in lines if self.is_new(content_of(line), path))


def without_copies(keys: pd.DataFrame, paths: Sequence[Path]) -> tuple[pd.DataFrame, str | None]:
    """The keys of records that are no copies, in the order of files and lines; and a sentence."""
    alike = groups_of(keys, [*IDENTITY, "id", "repeat", "process", "row_digest", "started_at"])
    several = alike.duplicated(keep=False).to_numpy()
    if not several.any():
        return keys, None
    copies, kept = Copies("records"), np.ones(len(keys), bool)
    contents = _contents(keys[several], alike[several], paths)
    places = np.flatnonzero(several)
    seen = zip(places, alike[several], contents, keys["file"][several], strict=True)
    for place, request, content, file in seen:
        kept[place] = copies.is_new((request, content), paths[file])
    return keys[kept].reset_index(drop=True), copies.sentence


def _contents(keys: pd.DataFrame, alike: pd.Series, paths: Sequence[Path]) -> list[Hashable]:
    """Digests by which records are copies of each other: of lines where those tell, else of contents.

    Keys may stand in another order in one file than in another.
    """
    digests = keys["digest"].to_numpy(object)
    unlike = keys["digest"].groupby(alike.to_numpy()).transform("nunique").to_numpy() > 1
    for file, rows in keys[unlike].groupby("file"):
        found = content_at(paths[file], set(rows["line"]))
        digests[keys.index.get_indexer(rows.index)] = [found[number] for number in rows["line"]]
    return digests.tolist()


def groups_of(keys: pd.DataFrame, names: Sequence[str]) -> pd.Series:
    """A number for each row, the same for those that are equal in all these columns of codes."""
    found = np.zeros(len(keys), np.int64)
    for name in names:
        column = keys[name]
        is_coded = isinstance(column.dtype, pd.CategoricalDtype)
        codes = (column.cat.codes if is_coded else column).to_numpy(np.int64)
        if len(codes) and (least := codes.min()) != codes.max():
            codes = codes - least
            # Numbered anew each time, so that they stay below the square of the number of rows.
            found = pd.factorize(found * (codes.max() + 1) + codes)[0].astype(np.int64)
    return pd.Series(found, keys.index)


def tell_ids_apart(keys: pd.DataFrame) -> tuple[pd.Series, str | None]:
    """Ids in which one that names rows of different content has its row's digest; and a sentence."""
    named = ["dataset", "subject", "id"]
    ids = keys["id"]
    told = keys[~keys["row_digest"].isin([None, ""])]
    names = groups_of(told, named)
    contents = groups_of(told, [*named, "row_digest"])
    shared = contents.groupby(names.to_numpy()).transform("nunique") > 1
    if not shared.any():
        return ids, None
    own = told[shared]
    ids = ids.astype(object)
    ids.loc[own.index] = own["id"].astype(object) + "#" + own["row_digest"].astype(object)
    dataset, subject, name = min(own[named].drop_duplicates().itertuples(index=False, name=None))
    return ids.astype("category"), (
        f"{names[shared].nunique()} ids name rows of different content and are told apart "
        f"(such as {name} of {dataset}/{subject})"
    )


def number_repeats(keys: pd.DataFrame) -> tuple[np.ndarray, str | None]:
    """Repeats, in which a file's requests that another file has, too, follow as further ones; say so.

    All requests of a sample in a file move together, so that those which were run together stay
    together: to where an earlier file's have moved, if all of them are new there.
    """
    repeats = keys["repeat"].to_numpy(copy=True)
    sample = groups_of(keys, OF_SAMPLE)
    request = groups_of(keys.assign(sample=sample), ["sample", *HOW])
    again = groups_of(keys.assign(request=request), ["request", "repeat", "process"])
    if again.iloc[-1] == len(keys) - 1 and request.iloc[-1] == len(keys) - 1:
        return repeats, None
    in_several = keys["file"].groupby(again.to_numpy()).transform("nunique").to_numpy() > 1
    rewritten = keys["prompt"].groupby(request.to_numpy()).transform("nunique").to_numpy() > 1
    rewritten &= ~keys["has_message"].to_numpy()
    if not (in_several | rewritten).any():
        return repeats, None
    concerned = sample.isin(sample[in_several | rewritten].unique()).to_numpy()
    own = keys[concerned].assign(request=request[concerned])
    _check_prompts(own)
    places = np.flatnonzero(concerned)
    moved = 0
    for rows in own.groupby(sample[concerned].to_numpy()).indices.values():
        steps = _steps(own.iloc[rows])
        repeats[places[rows]] += steps
        moved += int((steps > 0).sum())
    if not moved:
        return repeats, None
    return repeats, (
        f"{moved} records are of requests that another file has, too: they count as repeats"
    )


def _steps(rows: pd.DataFrame) -> np.ndarray:
    """By how much the repeat of each row of one sample grows; rows in the order of files."""
    seen: set[tuple[tuple[int, int], int]] = set()
    known, last = [0], 0
    steps = np.zeros(len(rows), np.int64)
    # Each process numbers its own repeats.
    request = list(zip(rows["request"], rows["process"], strict=True))
    repeat = rows["repeat"].to_numpy()
    by_file: dict[int, list[int]] = defaultdict(list)
    for place, file in enumerate(rows["file"]):
        by_file[file].append(place)
    for own in by_file.values():
        keys = [(request[place], repeat[place]) for place in own]
        free = (
            step for step in known
            if not any((key, number + step) in seen for key, number in keys)
        )  # fmt: skip
        step = next(free, None)
        if step is None:
            step = last
            known.append(step)
        steps[own] = step
        seen |= {(key, number + step) for key, number in keys}
        last = max(last, *(number + step for _, number in keys))
    return steps


def _check_prompts(rows: pd.DataFrame) -> None:
    """A sample is what is read: the same row in another wording is none of its repeats.

    A message is written anew each time, and stands in the prompt of text-to-text.
    """
    first = rows.groupby("request")["prompt"].transform("first")
    differ = rows[(rows["prompt"] != first) & ~rows["has_message"]]
    if len(differ):
        row = differ.iloc[0]
        raise UserError(
            f"{row['id']} of {row['dataset']}/{row['subject']} ({row['pair']}, {row['method']}): its "
            "prompt differs from file to file; merge them apart"
        )
