"""Which samples of a subject are a chunk's."""

from __future__ import annotations

from collections.abc import Sequence

from ..data.sources import Row
from ..shard_names import Chunk


def part_of(rows: Sequence[Row], chunk: Chunk | None, wanted: int | None) -> list[Row]:
    """The rows of a chunk; all chunks together are all rows, in their order.

    Chunks differ by one row at most, if there are as many rows as are wanted; where there are fewer, the
    last ones are empty, and so each chunk has what it would have had.
    """
    if chunk is None:
        return list(rows)
    first, end = chunk.span(wanted or len(rows))
    return list(rows[first:end])
