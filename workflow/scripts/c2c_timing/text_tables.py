"""Tables as lines of text, for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

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
