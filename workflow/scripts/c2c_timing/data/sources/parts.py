"""Files of one split: one file, or numbered parts of which none may be missing."""

from __future__ import annotations

import json
import re
from pathlib import Path

from ...errors import UserError
from .files import FORMATS, ending_of, stem_of

PART = re.compile(r"(?P<stem>.+)-(?P<number>\d{5,})-of-(?P<total>\d{5,})(?:-[0-9a-f]{16})?")
NUMBER = re.compile(r"\d{4,}")


def find_files(folder: Path, stem: str) -> list[Path]:
    """Files of a folder that bear a name, whole or in parts; none where there are none.

    Raises:
        UserError: two files bear it, or a part is missing.
    """
    files = _row_files(folder)
    whole = [path for path in files if stem_of(path) == stem]
    parts = [(path, match) for path in files if (match := PART.fullmatch(stem_of(path)))
             and match["stem"] == stem]  # fmt: skip
    if len(whole) > 1 or (whole and parts):
        names = ", ".join(path.name for path in [*whole, *(path for path, _ in parts)][:4])
        raise UserError(f"{folder}: several files could be {stem} ({names}); keep one of them")
    if not parts:
        return whole
    totals = {(int(match["total"]), ending_of(path)) for path, match in parts}
    if len(totals) > 1:
        names = ", ".join(path.name for path, _ in parts[:4])
        raise UserError(f"{folder}: parts of several sets are mixed ({names}); keep one set")
    ((total, _),) = totals
    return _complete(folder, [(int(match["number"]), path) for path, match in parts], total)


def numbered_files(folder: Path) -> list[Path]:
    """``0000.parquet``, ``0001.parquet`` ... of a folder that is named as the split."""
    found = [path for path in _row_files(folder) if NUMBER.fullmatch(stem_of(path))]
    return _complete(folder, [(int(stem_of(path)), path) for path in found], None)


def saved_split(folder: Path) -> str | None:
    """The split that ``Dataset.save_to_disk`` wrote beside its files; None where it did not."""
    try:
        state = json.loads((folder / "state.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    split = state.get("_split") if isinstance(state, dict) else None
    return split if isinstance(split, str) else None


def _complete(folder: Path, parts: list[tuple[int, Path]], total: int | None) -> list[Path]:
    numbers = sorted(number for number, _ in parts)
    if total is None:
        total = max(numbers, default=-1) + 1
    missing = sorted(set(range(min(total, 100_000))) - set(numbers))
    if missing:
        raise UserError(
            f"{folder}: part {missing[0]} of {total} of {stem_of(parts[0][1])} is missing "
            f"({len(missing)} missing in all, counted from 0); fetch it"
        )
    if len(numbers) != total:
        names = ", ".join(path.name for _, path in parts[:4])
        raise UserError(f"{folder}: a part is there twice, or one too many ({names}); keep one")
    return [path for _, path in sorted(parts)]


def _row_files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    found = (path for path in folder.iterdir() if ending_of(path) in FORMATS and path.is_file())
    return sorted(found)
