"""Tables and sentences as lines of text, for a terminal."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Iterable, Sequence

GAP = "  "


def aligned(table: Sequence[Sequence[str]], right: Sequence[str] = ()) -> list[str]:
    """Each row a line, in columns of one width.

    Args:
        right: columns, as the first row names them, whose cells end below each other: numbers.
    """
    widths = [max(map(len, cells)) for cells in zip(*table, strict=True)]
    ends = [str.rjust if name in right else str.ljust for name in table[0]]
    return [
        GAP.join(
            end(cell, width) for end, cell, width in zip(ends, cells, widths, strict=True)
        ).rstrip()
        for cells in table
    ]


def print_sentences(sentences: Iterable[str]) -> None:
    """Each on a line of its own; on a terminal broken between words where it is wider."""
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    for sentence in sentences:
        print(sentence if width is None else _folded(sentence, width))


def _folded(sentence: str, width: int) -> str:
    return textwrap.fill(
        sentence, width, subsequent_indent=GAP, break_long_words=False, break_on_hyphens=False
    )
