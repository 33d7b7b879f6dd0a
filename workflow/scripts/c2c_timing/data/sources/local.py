"""Rows of the built-in samples, and of a user's own file or folder."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path

from ...cards.dataset_card import DatasetCard
from ...errors import UserError
from .archives import read_member
from .files import ARCHIVE, read_file, stem_of
from .folders import Place, find_in
from .rows import Expected, Found, SourceSpec, expected_of
from .subjects import is_named, named_subject, names_subjects, only_subject


def read_builtin(card: DatasetCard, subject: str) -> Iterator[Found]:
    """The project's own rows."""
    path = card.sample_file(subject)
    if not path.is_file():
        raise UserError(f"{card.name}/{subject}: no built-in rows; use --source hub or local")
    return read_file(path, expected_of(card, subject))


def read_local(
    card: DatasetCard, subject: str, data_path: str | None, split: str | None = None
) -> Iterator[Found]:
    """Rows of a file, or of those files in a folder that hold the subject.

    A file that holds several subjects is filtered by the card's subject column.

    Raises:
        UserError: no path, or nothing there that fits.
    """
    if not data_path:
        raise UserError("source local needs --data_path FILE_OR_FOLDER (data_path in the config)")
    expected = expected_of(card, subject, split)
    place = _find(card, subject, data_path, expected.split)
    rows = _read(place, expected)
    if len(card.subjects) == 1 or place.member:
        return rows
    rows, named = names_subjects(rows, card)
    if named:
        own = place.own
        if place.given:
            own = is_named(card, stem_of(place.files[0]), subject)
        return only_subject(rows, card, subject, strict=not own)
    _check_whose(place, card, subject)
    return only_subject(rows, card, subject, strict=False)


def check_subjects(card: DatasetCard, subjects: Sequence[str], spec: SourceSpec) -> None:
    """Several subjects never get the same rows of a user's file.

    Raises:
        UserError: their rows come from one file, which does not tell them apart.
    """
    path = spec.data_path if spec.kind == "local" else None
    if len(subjects) < 2 or not path:
        return
    readers: dict[tuple[Path, ...], list[str]] = {}
    for subject in subjects:
        try:
            place = _find(card, subject, path, spec.split or card.hub["split"])
        except UserError:
            continue  # the subject's own shard says so
        if not place.member:
            readers.setdefault(tuple(place.files), []).append(subject)
    for files, shared in readers.items():
        if len(shared) == 1:
            continue
        rows = _read(Place(list(files)), expected_of(card, shared[0], spec.split))
        if not names_subjects(rows, card)[1]:
            raise UserError(_advice(files[0], card, shared))


def _find(card: DatasetCard, subject: str, data_path: str, split: str) -> Place:
    path = Path(data_path)
    try:
        if path.is_dir():
            return find_in(path, card, subject, split)
        if not path.is_file():
            raise UserError(f"{data_path}: no such file or folder (data_path)")
    except (OSError, ValueError) as error:  # a name too long or with a NUL, a folder that is locked
        reason = getattr(error, "strerror", None) or error
        raise UserError(f"{data_path}: cannot be read ({reason})") from None
    if path.suffix.lower() == ARCHIVE and "zip" in card.hub:
        return Place(
            [path], member=card.hub["zip"]["member"].format(subject=card.native_name(subject))
        )
    return Place([path], given=True)


def _read(place: Place, expected: Expected) -> Iterator[Found]:
    if place.member:
        return read_member(place.files[0], place.member, str(place.files[0]))
    return itertools.chain.from_iterable(read_file(path, expected) for path in place.files)


def _check_whose(place: Place, card: DatasetCard, subject: str) -> None:
    """Rows without a subject are those of the subject that their file is named after."""
    path = place.files[0]
    other = named_subject(card, stem_of(path), subject)
    if not place.own or other:
        raise UserError(
            _advice(path, card, [subject]) + (f" (it is named {other})" if other else "")
        )


def _advice(path: Path, card: DatasetCard, subjects: Sequence[str]) -> str:
    column = card.content.get("subject_column")
    told = (
        f"no column {column!r} tells its rows' subjects" if column else "its rows tell no subject"
    )
    asked = subjects[0] if len(subjects) == 1 else f"{len(subjects)} subjects"
    return (
        f"{path}: {told}, and {asked} of {card.name} would be read from it; "
        f"give a folder with one file per subject ({subjects[0]}.jsonl, ...)"
    )
