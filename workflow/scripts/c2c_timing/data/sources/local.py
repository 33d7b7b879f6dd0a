"""Rows of the built-in samples, and of a user's own file or folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ...cards.dataset_card import DatasetCard
from ...errors import UserError
from .files import FORMATS, read_file
from .rows import Found


def read_builtin(card: DatasetCard, subject: str) -> Iterator[Found]:
    """The project's own rows."""
    path = card.sample_file(subject)
    if not path.is_file():
        raise UserError(f"{card.name}/{subject}: no built-in rows; use --source hub or local")
    return read_file(path)


def read_local(card: DatasetCard, subject: str, data_path: str | None) -> Iterator[Found]:
    """Rows of a file, or of the file in a folder that bears the subject's name.

    A file that holds several subjects is filtered by the card's subject column.

    Raises:
        UserError: no path, or nothing there that fits.
    """
    if not data_path:
        raise UserError("source local needs --data_path FILE_OR_FOLDER (data_path in the config)")
    path = Path(data_path)
    try:
        if path.is_dir():
            path = _find_in(path, card, subject)
        elif not path.is_file():
            raise UserError(f"{data_path}: no such file or folder (data_path)")
    except OSError as error:  # a name too long, a folder that may not be read
        raise UserError(f"{data_path}: cannot be read ({error.strerror})") from None
    return _only_subject(read_file(path), card, subject)


def _find_in(folder: Path, card: DatasetCard, subject: str) -> Path:
    names = [subject, card.native_name(subject)]
    if len(card.subjects) == 1 or "subject_column" in card.content:
        names += [card.name, card.hub["split"], "data"]
    stems = {stem for name in names for stem in (name, f"{name}.{card.hub['split']}")}
    places = [folder, folder / card.name, folder / card.name.replace("-", "_")]
    places += [place / name for place in places for name in names[:2]]
    for name in names:
        for place in places:
            found = [
                path
                for path in sorted(place.glob("*"))
                if path.suffix.lower() in FORMATS
                and path.stem in (name, f"{name}.{card.hub['split']}")
            ]
            if found:
                return found[0]
    raise UserError(
        f"{folder}: no file for {card.name}/{subject}; looked for "
        f"{', '.join(sorted(stems))} with the endings {', '.join(FORMATS)}"
    )


def _only_subject(rows: Iterator[Found], card: DatasetCard, subject: str) -> Iterator[Found]:
    column, native = card.content.get("subject_column"), card.native_name(subject)
    for row in rows:
        if column and isinstance(row, dict) and row.get(column) not in (None, native):
            continue
        yield row
