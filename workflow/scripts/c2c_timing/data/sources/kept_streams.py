"""A file of the Hub that is streamed: what was read of it is kept, and found again without a network.

It is kept as it came, from its first byte to the last one that was read, in the folder that the Hub's
library has for this (``HF_HOME/assets/c2c_timing``), under the repository's commit: what lies there
never grows old.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from ...errors import UserError
from .json_array import Readable, iterate_json_array
from .rows import Found


def kept_file(hub_id: str, commit: str, name: str) -> Path:
    """Where the beginning of a file is kept."""
    from huggingface_hub import cached_assets_path

    folder = cached_assets_path("c2c_timing", namespace=hub_id.replace("/", "--"), subfolder=commit)
    return folder / name


def rows_kept_and_streamed(
    kept: Path, open_stream: Callable[[], BinaryIO], title: str
) -> Iterator[Found]:
    """The rows of a JSON array: those that are kept, then those of the stream.

    Raises:
        UserError: more rows are asked for than are kept, and the stream cannot be opened.
    """
    number = 0
    for row in _kept_rows(kept):
        if row is None:
            return
        number += 1
        yield row
    try:
        stream = open_stream()
    except Exception as error:
        if not number:
            raise
        raise UserError(
            f"{title}: its first {number} rows were read before and are kept, the next one needs a "
            f"network ({type(error).__name__}); ask for fewer, or read it once with a network"
        ) from error
    with stream, _grown(kept) as copy:
        rows = iterate_json_array(_Copied(stream, copy))
        yield from itertools.islice(rows, number, None)


def _kept_rows(kept: Path) -> Iterator[Found | None]:
    """Whole rows; None behind the last one of a file that was read to its end."""
    if not kept.is_file():
        return
    with kept.open("rb") as file, contextlib.suppress(ValueError):  # it ends within a row
        yield from iterate_json_array(file)
        yield None


@contextlib.contextmanager
def _grown(kept: Path) -> Iterator[BinaryIO]:
    """A file that takes the place of the kept one when it is longer, however the reading ends."""
    kept.parent.mkdir(parents=True, exist_ok=True)
    number, name = tempfile.mkstemp(dir=kept.parent, prefix=f"{kept.name}.", suffix=".partial")
    partial = Path(name)
    try:
        with os.fdopen(number, "wb") as file:
            yield file
    finally:
        if partial.stat().st_size > (kept.stat().st_size if kept.is_file() else 0):
            partial.replace(kept)
        else:
            partial.unlink()


class _Copied:
    """A stream of which every byte that is read is written elsewhere, too."""

    def __init__(self, stream: Readable, copy: BinaryIO) -> None:
        self._stream, self._copy = stream, copy

    def read(self, size: int, /) -> bytes:
        """The next bytes, at most so many."""
        chunk = self._stream.read(size)
        self._copy.write(chunk)
        return chunk
