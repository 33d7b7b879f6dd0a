"""Rows of JSON lines in a zip archive."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from ...errors import UserError
from .json_lines import parse_lines
from .rows import Found


def read_member(archive: Path, member: str, name: str) -> Iterator[Found]:
    """The rows of one member.

    Args:
        archive: the archive's file.
        member: path within it.
        name: what messages call the archive.

    Raises:
        UserError: no archive, a damaged one, or no such member.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            if member not in opened.namelist():
                raise UserError(f"{name} holds no {member}")
            with opened.open(member) as lines:
                yield from parse_lines(lines)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise UserError(f"{name}: not a zip archive that can be read ({error})") from None
