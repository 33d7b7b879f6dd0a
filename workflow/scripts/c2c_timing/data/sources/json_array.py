"""One JSON array, row by row: what has not been asked for is never read."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator
from typing import Protocol

from .rows import Found
from .strict_json import DECODER, as_row

CHUNK_BYTES = 1 << 16


class Readable(Protocol):
    """What is read in chunks: a file, a stream."""

    def read(self, size: int, /) -> bytes:
        """The next bytes, at most so many; none at the end."""


def iterate_json_array(file: Readable) -> Iterator[Found]:
    """The objects of an array; memory holds one row and one chunk.

    Raises:
        ValueError: the file is no JSON array, or ends within one, or goes on behind it.
    """
    text = _Text(file)
    if text.next_character() != "[":
        raise ValueError("not a JSON array")
    text.skip(1)
    if text.next_character() == "]":
        text.skip(1)
    else:
        yield from _items(text)
    if text.next_character():
        raise ValueError("something follows the JSON array")


def _items(text: _Text) -> Iterator[Found]:
    while True:
        yield text.row()
        mark = text.next_character()
        if mark not in (",", "]"):
            raise ValueError("the JSON array is cut off or broken")
        text.skip(1)
        if mark == "]":
            return


class _Text:
    """What has been read of a file and not yet been taken."""

    def __init__(self, file: Readable) -> None:
        self.file = file
        self.decode = codecs.getincrementaldecoder("utf-8-sig")().decode
        self.text, self.ended = "", False

    def next_character(self) -> str:
        """The next one that is no blank; none at the end."""
        self.text = self.text.lstrip()
        while not self.text and not self.ended:
            self._read()
            self.text = self.text.lstrip()
        return self.text[:1]

    def skip(self, count: int) -> None:
        self.text = self.text[count:]

    def row(self) -> Found:
        self.next_character()
        while True:
            try:
                value, end = DECODER.raw_decode(self.text)
            except json.JSONDecodeError:
                if self.ended:
                    raise ValueError("the JSON array is cut off or broken") from None
            except RecursionError:
                raise ValueError("the JSON is nested too deep") from None
            else:
                self.skip(end)
                return as_row(value)
            self._read()

    def _read(self) -> None:
        # a long row is parsed again only when the text has doubled
        chunk = self.file.read(max(CHUNK_BYTES, len(self.text)))
        self.ended = not chunk
        self.text += self.decode(chunk, self.ended)
