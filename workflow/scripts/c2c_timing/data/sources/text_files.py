"""Bytes of a text file: unpacked, without a byte-order mark, and in UTF-8 as far as one can see."""

from __future__ import annotations

import codecs
import contextlib
import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

from ...errors import UserError

GZIP = b"\x1f\x8b"
OTHER_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)


@contextlib.contextmanager
def open_utf8(path: Path) -> Iterator[BinaryIO]:
    """Open a text, packed by gzip or not, behind its byte-order mark.

    Raises:
        UserError: it is in UTF-16, or packed and damaged.
    """
    try:
        with path.open("rb") as file:
            packed = file.peek(2)[:2] == GZIP
            if path.suffix.lower() == ".gz" and not packed:
                raise UserError(f"{path}: ends in .gz and is not packed by gzip; rename it")
            text = cast(BinaryIO, gzip.GzipFile(fileobj=file)) if packed else file
            start = text.read(4)
            if _is_utf16(start):
                raise UserError(f"{path}: is in UTF-16 or UTF-32; save it as UTF-8")
            text.seek(len(codecs.BOM_UTF8) if start.startswith(codecs.BOM_UTF8) else 0)
            yield text
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise UserError(f"{path}: packed by gzip and damaged ({error}); fetch it again") from None


def _is_utf16(start: bytes) -> bool:
    """By its mark, or by every other byte being zero."""
    zeros = [byte == 0 for byte in start]
    return start.startswith(OTHER_MARKS) or zeros in ([True, False] * 2, [False, True] * 2)
