"""Where a subject's rows lie in a folder: one's own files, or a data set as the Hub stores it.

| looked for, in this order | example |
| --- | --- |
| a file of the subject | `anatomy.jsonl`, `anatomy.test.csv`, `data/hotpotqa.jsonl` |
| the split in the folder of the subject or of the card's configuration | `main/test-00000-of-00001.parquet` |
| the card's archive or its one large file | `data.zip`, `openhermes2_5.json` |
| a file of all subjects | `mmlu-pro.jsonl`, `data/test-00000-of-00001.parquet`, `all/test.jsonl` |
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ...cards.dataset_card import DatasetCard
from ...cards.subject_names import EVERY_SUBJECT
from ...errors import UserError
from .files import FORMATS
from .parts import find_files, numbered_files, saved_split


@dataclass(frozen=True)
class Place:
    """Files that hold a subject's rows, in order.

    Attributes:
        files: the files.
        own: whether they are the subject's alone, by their names.
        member: what to read of an archive.
        given: whether it is a file that the user named, not one that was found.
    """

    files: list[Path] = field(default_factory=list)
    own: bool = True
    member: str | None = None
    given: bool = False


def find_in(folder: Path, card: DatasetCard, subject: str, split: str) -> Place:
    """The first place of a folder that holds a subject's rows.

    Raises:
        UserError: there is none, or one that could be read in two ways.
    """
    for root in _roots(folder, card):
        for place in _Search(root, card, subject, split).places():
            if place.files:
                return place
    raise UserError(
        f"{folder}: no file for {card.name}/{subject}; looked for "
        f"{', '.join(dict.fromkeys([*_names(card, subject), _config(card, subject), card.name]))} "
        f"and {split} with the endings {', '.join(FORMATS)}"
    )


def _names(card: DatasetCard, subject: str) -> list[str]:
    names = [subject, card.native_name(subject)]
    if len(card.subjects) == 1:
        names.append(EVERY_SUBJECT)
    return list(dict.fromkeys(names))


def _config(card: DatasetCard, subject: str) -> str:
    return card.hub.get("config", "default").format(subject=card.native_name(subject))


def _roots(folder: Path, card: DatasetCard) -> Iterator[Path]:
    """The folder, the data set's own folder in it, and what the Hub's cache makes of that."""
    cached = "datasets--" + card.hub["id"].replace("/", "--")
    names = [card.name, card.name.replace("-", "_"), card.hub["id"].rpartition("/")[2], cached]
    for root in (folder, *(folder / name for name in dict.fromkeys(names))):
        yield root
        snapshot = _snapshot(root)
        if snapshot is not None:
            yield snapshot


def _snapshot(root: Path) -> Path | None:
    """The revision of the Hub's cache that was fetched last."""
    found = sorted((root / "snapshots").glob("*"))
    newest = root / "refs" / "main"
    if newest.is_file():
        found = [root / "snapshots" / newest.read_text(encoding="utf-8", errors="replace").strip()]
    return found[0] if len(found) == 1 else None


@dataclass(frozen=True)
class _Search:
    """What one folder could hold for a subject."""

    root: Path
    card: DatasetCard
    subject: str
    split: str

    def places(self) -> Iterator[Place]:
        yield from self._files_of_the_subject()
        yield from self._folders_of_the_subject()
        yield from self._single_large_files()
        yield from self._files_of_all()

    def _files_of_the_subject(self) -> Iterator[Place]:
        folders = [self.root, self.root / "data"]
        folders += [self.root / name for name in _names(self.card, self.subject)]
        for name in _names(self.card, self.subject):
            for folder in folders:
                for stem in self._with_split(name):
                    yield Place(find_files(folder, stem))

    def _folders_of_the_subject(self) -> Iterator[Place]:
        config = _config(self.card, self.subject)
        named = list(dict.fromkeys([config, *_names(self.card, self.subject)]))
        if config == "default" and len(self.card.subjects) > 1:
            named.remove(config)
        folders = [place / name for name in named for place in (self.root, self.root / "data")]
        if self.root.name in named:
            folders.insert(0, self.root)
        for folder in folders:
            yield from self._split_in(folder, own=True)

    def _single_large_files(self) -> Iterator[Place]:
        if "zip" in self.card.hub:
            spec, native = self.card.hub["zip"], self.card.native_name(self.subject)
            archive = self.root / spec["archive"]
            if archive.is_file():
                yield Place([archive], member=spec["member"].format(subject=native))
        if "json_array" in self.card.hub:
            array = self.root / self.card.hub["json_array"]
            yield Place([array] if array.is_file() else [])

    def _files_of_all(self) -> Iterator[Place]:
        single = len(self.card.subjects) == 1
        if not single and "subject_column" not in self.card.content:
            return
        folders = [self.root, self.root / "data", self.root / "all", self.root / "default"]
        for folder in folders:
            yield from self._split_in(folder, own=single)

    def _split_in(self, folder: Path, own: bool) -> Iterator[Place]:
        """Files of the split in a folder of a configuration."""
        if not folder.is_dir():
            return
        repository = self.card.hub["id"].rpartition("/")[2]
        stems = [self.split, *self._with_split(_config(self.card, self.subject))[1:]]
        for name in (self.card.name, repository, repository.lower()):
            stems += self._with_split(name)
        for stem in dict.fromkeys(stems):
            yield Place(find_files(folder, stem), own)
        yield Place(self._saved(folder), own)
        inner = folder / self.split
        yield Place(numbered_files(inner), own)
        yield Place(find_files(inner, self.split), own)
        yield Place(self._saved(inner), own)

    def _saved(self, folder: Path) -> list[Path]:
        """Files named ``data``, unless another split was saved in them."""
        found = find_files(folder, "data")
        saved = saved_split(folder) if found else None
        if saved not in (None, self.split):
            raise UserError(f"{folder}: holds the split {saved}; {self.split} is asked for")
        return found

    def _with_split(self, name: str) -> list[str]:
        """A name with the split, as people and libraries put them together; last the name alone."""
        return [*(f"{name}{mark}{self.split}" for mark in ".-_"), name]
