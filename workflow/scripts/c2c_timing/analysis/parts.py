"""The records of some shards, put into columns and laid aside, so that memory holds a few of them.

A part is what one process makes of some files: its columns in files of their own, and of every record
what it takes to tell copies, repeats and order (``KEYS``).
"""

from __future__ import annotations

import gc
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from ..errors import UserError
from .alike import Alike, Keys
from .columns import IDENTITY, LENGTHS, MEMORY, PADDING, STEPS, TIMING_KEYS
from .record_lines import OPTIONAL, Line, read_errors, read_records

# Of lines of JSON: what a process holds as columns takes less, what it holds as objects more.
BYTES_AT_ONCE = 16_000_000
ROWS_AT_ONCE = 8192
FLOATS = [*TIMING_KEYS, *LENGTHS[1:3], "wanted_prompt_length", *PADDING, *MEMORY]
KNOWN_TYPES = {
    **dict.fromkeys(["id", *IDENTITY, "prompt", "response", "message"], pa.string()),
    **dict.fromkeys(["row_digest", "started_at", "source"], pa.string()),
    **dict.fromkeys(FLOATS, pa.float64()),
    **dict.fromkeys([*LENGTHS[::3], "repeat", "process", "possible_looks"], pa.int64()),
    **dict.fromkeys(["correct", "prompt_truncated", "residual_flag"], pa.bool_()),
    **dict.fromkeys(STEPS, pa.list_(pa.float64())),
}
TEXT_KEYS = [*IDENTITY, "id", "row_digest", "started_at"]
KEYS = pa.schema(
    [
        *((name, pa.dictionary(pa.int32(), pa.string())) for name in TEXT_KEYS),
        *(
            (name, pa.int64())
            for name in ("repeat", "process", "prompt", "file", "line", "size", "digest")
        ),
        ("has_message", pa.bool_()),
        *((name, pa.int32()) for name in ("config", "batch", "row")),
    ]
)


# What a record's line adds to them, in the order of ``_Layout.known``.
_KNOWN = ("file", "config", "line", "size", "digest", "prompt", "has_message")


class DoNotFitError(Exception):
    """A key of the records has values that no column can hold together."""


NOT_FITTING = (pa.ArrowException, ValueError, TypeError, OverflowError)


@dataclass
class Part:
    """What became of some files.

    Attributes:
        keys: a row a record, in the columns of ``KEYS``; ``config`` and ``batch`` are places in the
            lists below.
        batches: where the columns lie: a file, and the number of the batch in it.
        schemas: of these files.
        configs: distinct ``model_config`` of the records.
        failures: failed samples, each with the number of its file.
    """

    keys: pa.Table
    batches: list[tuple[Path, int]] = field(default_factory=list)
    schemas: dict[Path, pa.Schema] = field(default_factory=dict)
    configs: list[dict[str, Any]] = field(default_factory=list)
    failures: list[tuple[int, dict[str, Any]]] = field(default_factory=list)


def read_part(files: Sequence[tuple[int, Path]], place: Path) -> Part:
    """Read files of records, each with its number, and lay their columns aside.

    Args:
        place: what the names of the new files begin with.

    Raises:
        UserError: a line is no record.
        DoNotFitError: records that no table can hold together.
    """
    columns, alike = _Columns(place), Alike()
    failures = []
    # Records hold no cycles, and looking for some in so many takes a third of the time.
    gc.disable()
    try:
        for number, path in files:
            for line in read_records(path, alike):
                columns.add(number, line)
            failures += [(number, error) for error in read_errors(path)]
        return columns.finished(alike.configs, failures)
    except UserError:
        raise
    except NOT_FITTING as error:
        raise DoNotFitError(str(error)) from None
    finally:
        gc.enable()
        columns.close()


class _Files:
    """Files of batches, each of one schema."""

    def __init__(self, place: Path, part: Part) -> None:
        self._place, self._part = place, part

    def open(self, schema: pa.Schema) -> _Writer:
        path = self._place.with_name(f"{self._place.name}-{len(self._part.schemas)}.arrow")
        self._part.schemas[path] = schema
        return _Writer(path, schema, self._part)


class _Writer:
    """Batches into one file; where they went is told to the part."""

    def __init__(self, path: Path, schema: pa.Schema, part: Part) -> None:
        options = pa.ipc.IpcWriteOptions(compression="lz4")
        self._file = pa.ipc.new_file(str(path), schema, options=options)
        self._path, self._part, self._written = path, part, 0

    def write(self, batch: pa.RecordBatch) -> int:
        """The batch's place in the part."""
        self._file.write_batch(batch)
        self._part.batches.append((self._path, self._written))
        self._written += 1
        return len(self._part.batches) - 1

    def close(self) -> None:
        self._file.close()


class _Columns:
    """Records by their layout: those of the same keys become a batch together."""

    def __init__(self, place: Path) -> None:
        self._layouts: dict[Keys, _Layout] = {}
        self._part = Part(KEYS.empty_table())
        self._files = _Files(place, self._part)
        self._keys: list[pa.Table] = []
        self._bytes = self._rows = 0

    def add(self, file: int, line: Line) -> None:
        keys, cells, *known = line
        layout = self._layouts.get(keys)
        if layout is None:
            layout = self._layouts[keys] = _Layout(keys.columns, self._files)
        layout.rows.append(cells)
        layout.known.append((file, *known))
        self._bytes += line.size
        self._rows += 1
        if self._bytes > BYTES_AT_ONCE or self._rows > ROWS_AT_ONCE:
            self._lay_aside()

    def finished(
        self, configs: list[dict[str, Any]], failures: list[tuple[int, dict[str, Any]]]
    ) -> Part:
        self._lay_aside()
        self._part.configs, self._part.failures = configs, failures
        if self._keys:
            self._part.keys = pa.concat_tables(self._keys)
        return self._part

    def close(self) -> None:
        for layout in self._layouts.values():
            layout.close()

    def _lay_aside(self) -> None:
        self._keys += [layout.lay_aside() for layout in self._layouts.values() if layout.rows]
        self._bytes = self._rows = 0


class _Layout:
    """Records of the same keys in the same order."""

    def __init__(self, names: Sequence[str], files: _Files) -> None:
        self.rows: list[tuple] = []
        self.known: list[tuple] = []
        self._names = names
        self._files = files
        self._schema: pa.Schema | None = None
        self._writer: _Writer | None = None

    def lay_aside(self) -> pa.Table:
        """Write the rows as one batch; their keys."""
        columns = dict(zip(self._names, zip(*self.rows, strict=True), strict=True))
        arrays = {name: pa.array(cells, KNOWN_TYPES.get(name)) for name, cells in columns.items()}
        batch = pa.record_batch(arrays)
        if batch.schema != self._schema:  # of what the schema of records leaves open, types differ
            self.close()
            self._schema = batch.schema
            self._writer = self._files.open(batch.schema)
        assert self._writer is not None
        keys = _keys(arrays, self.known, self._writer.write(batch))
        self.rows, self.known = [], []
        return keys

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None


def _keys(arrays: Mapping[str, pa.Array], known: Sequence[tuple], where: int) -> pa.Table:
    """``KEYS`` of the rows of a batch."""
    rows = len(known)
    own: dict[str, Iterable[Any]] = dict(zip(_KNOWN, zip(*known, strict=True), strict=True))
    own |= {"batch": [where] * rows, "row": range(rows)}
    columns = []
    for name, kind in zip(KEYS.names, KEYS.types, strict=True):
        if name in own:
            column = pa.array(own[name], kind)
        elif name in arrays:
            column = arrays[name]
        else:
            column = pa.array([OPTIONAL.get(name)] * rows, KNOWN_TYPES[name])
        columns.append(column.dictionary_encode() if pa.types.is_dictionary(kind) else column)
    return pa.table(columns, schema=KEYS)
