"""JSON lines. One bad line is one bad row, never the end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .rows import Found
from .strict_json import DECODER, as_row


def parse_lines(lines: Iterable[bytes]) -> Iterator[Found]:
    """JSON lines; blank ones are passed over, and so is a byte-order mark, whose files were joined."""
    for line in lines:
        if not line.strip():
            continue
        try:
            value = DECODER.decode(line.decode("utf-8-sig"))
        except UnicodeDecodeError:
            yield "the line is not UTF-8"
        except (ValueError, RecursionError):
            yield "the line is not JSON"
        else:
            yield as_row(value)
