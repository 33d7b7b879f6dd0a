"""One JSON array, row by row: what has not been asked for is never read."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator
from typing import BinaryIO

from .rows import Found

CHUNK_BYTES = 1 << 16


def iterate_json_array(file: BinaryIO) -> Iterator[Found]:
    """The objects of an array; memory holds one row and one chunk.

    Raises:
        ValueError: the file is no JSON array, or ends within one.
    """
    decode = codecs.getincrementaldecoder("utf-8")().decode
    parse = json.JSONDecoder().raw_decode
    text, ended = "", False
    started = False
    while True:
        text = text.lstrip()
        if not started and text:
            if text[0] != "[":
                raise ValueError("not a JSON array")
            started, text = True, text[1:].lstrip()
        if started and text.startswith("]"):
            return
        if started and text:
            rest = text[1:].lstrip() if text[0] == "," else text
            try:
                value, end = parse(rest)
            except json.JSONDecodeError:
                if ended:
                    raise ValueError("the JSON array is cut off or broken") from None
            else:
                yield value if isinstance(value, dict) else "the row is not an object with columns"
                text = rest[end:]
                continue
        elif ended:
            raise ValueError("the JSON array is cut off")
        # a long row is parsed again only when the text has doubled
        chunk = file.read(max(CHUNK_BYTES, len(text)))
        ended = not chunk
        text += decode(chunk, ended)
