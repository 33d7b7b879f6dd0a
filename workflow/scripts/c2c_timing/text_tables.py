"""Tables as lines of text, for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

GAP = "  "


def aligned(
    header: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[str] = ()
) -> list[str]:
    """The header and the rows, each a line, in columns of one width.

    Args:
        right: columns of the header whose cells end below each other: numbers.
    """
    table = [header, *rows]
    widths = [max(map(len, cells)) for cells in zip(*table, strict=True)]
    ends = [str.rjust if name in right else str.ljust for name in header]
    return [
        GAP.join(
            end(cell, width) for end, cell, width in zip(ends, cells, widths, strict=True)
        ).rstrip()
        for cells in table
    ]
