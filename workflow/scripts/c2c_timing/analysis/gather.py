"""From parts to one Parquet file: rows in their order, a slab of them at a time."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from .columns import IDENTITY, LENGTHS, SETUP, STEPS, TIMING_KEYS
from .parts import KNOWN_TYPES
from .record_lines import OPTIONAL

LEADING = ["id", *IDENTITY, "repeat", *LENGTHS, "correct", "residual_flag"]
TEXTS = ["prompt", "response", *STEPS]
KNOWN_OR_NOT = ["correct", "prompt_truncated"]
# Of lines of JSON: what a slab takes of memory is about as much.
BYTES_A_SLAB = 32_000_000
ROWS_A_SLAB = 32_768
# Of batches that were read, and may be needed for the next slab.
BYTES_KEPT = 96_000_000


@dataclass(frozen=True)
class Rows:
    """Rows of the table in their order: where they lie, and what other files' records changed in them.

    Attributes:
        batch: (rows,), which of the batches; row: (rows,), which row of it.
        size: (rows,), bytes of its line of JSON.
        ids: (rows,), or None where all are as they were read.
        repeats: (rows,).
        setups: (rows,), places in ``setup_texts``.
    """

    batch: np.ndarray
    row: np.ndarray
    size: np.ndarray
    ids: pd.Series | None
    repeats: np.ndarray
    setups: np.ndarray
    setup_texts: Sequence[str]

    def slabs(self) -> Iterator[slice]:
        """Runs of rows that memory can hold."""
        begin, filled = 0, np.cumsum(self.size)
        while begin < len(filled):
            before = filled[begin - 1] if begin else 0
            end = int(np.searchsorted(filled, before + BYTES_A_SLAB, side="right"))
            end = min(max(end, begin + 1), begin + ROWS_A_SLAB)
            yield slice(begin, end)
            begin = end


def write_rows(
    path: Path, rows: Rows, batches: Sequence[tuple[Path, int]], schemas: Iterable[pa.Schema]
) -> None:
    """Write the table, with the contract's columns first and unknown ones after them.

    Raises:
        pyarrow.ArrowException: a key has values that no column can hold together.
    """
    schema = _table_schema(schemas)
    # Times hardly repeat: they are not worth a dictionary.
    repeat = [field.name for field in schema if not field.name.endswith("_ms")]
    source = _Batches(batches, schema)
    with (
        pq.ParquetWriter(str(path), schema, use_dictionary=repeat) as file,
        ThreadPoolExecutor(1) as beside,
    ):
        written: Future | None = None
        for slab in rows.slabs():
            table = _slab(rows, slab, source, schema)
            if written:
                written.result()
            # While one slab is written the next is put together.
            written = beside.submit(file.write_table, table, row_group_size=len(table))
        if written:
            written.result()


def _table_schema(schemas: Iterable[pa.Schema]) -> pa.Schema:
    own = pa.schema([*KNOWN_TYPES.items(), (SETUP, pa.string())])
    found = pa.unify_schemas([own, *schemas], promote_options="permissive")
    needed = {*LEADING, *TIMING_KEYS, *TEXTS, *OPTIONAL}
    present = needed.union(*(schema.names for schema in schemas))
    others = present - {*LEADING, *TIMING_KEYS, *TEXTS, SETUP}
    names = [*LEADING, *TIMING_KEYS, *sorted(others), *TEXTS, SETUP]
    schema = pa.schema([found.field(name) for name in names])
    # What pandas would write of such a table: it reads the same types again.
    empty = schema.empty_table().to_pandas()
    empty[KNOWN_OR_NOT] = empty[KNOWN_OR_NOT].astype("boolean")
    return schema.with_metadata(pa.Schema.from_pandas(empty, preserve_index=False).metadata)


def _slab(rows: Rows, slab: slice, source: _Batches, schema: pa.Schema) -> pa.Table:
    batch, row = rows.batch[slab], rows.row[slab]
    order = np.lexsort((row, batch))
    begins = np.flatnonzero(np.diff(batch[order], prepend=-1))
    parts = [source.take(int(batch[own[0]]), row[own]) for own in np.split(order, begins[1:])]
    table = pa.concat_tables(parts)
    back = np.empty_like(order)
    back[order] = np.arange(len(order))
    if (back != np.arange(len(back))).any():
        table = table.combine_chunks().take(pa.array(back))
    setups = pa.DictionaryArray.from_arrays(rows.setups[slab], list(rows.setup_texts))
    changed = {"repeat": pa.array(rows.repeats[slab]), SETUP: setups.cast(pa.string())}
    if rows.ids is not None:
        changed["id"] = pa.array(rows.ids.iloc[slab].tolist(), pa.string())
    for name, column in changed.items():
        table = table.set_column(schema.get_field_index(name), schema.field(name), column)
    return table


class _Batches:
    """Batches of the parts, in the columns of the table; those that were read last are kept."""

    def __init__(self, batches: Sequence[tuple[Path, int]], schema: pa.Schema) -> None:
        self._batches, self._schema = batches, schema
        self._kept: OrderedDict[int, pa.RecordBatch] = OrderedDict()
        self._bytes = 0

    def take(self, number: int, rows: np.ndarray) -> pa.Table:
        """Some rows of a batch."""
        batch = self._batch(number)
        is_whole = len(rows) == batch.num_rows and (np.diff(rows) == 1).all()
        return self._as_table(batch if is_whole else batch.take(pa.array(rows)))

    def _batch(self, number: int) -> pa.RecordBatch:
        if number in self._kept:
            self._kept.move_to_end(number)
            return self._kept[number]
        path, place = self._batches[number]
        with pa.OSFile(str(path)) as file:
            batch = pa.ipc.open_file(file).get_batch(place)
        self._kept[number] = batch
        self._bytes += batch.nbytes
        while self._bytes > BYTES_KEPT and len(self._kept) > 1:
            self._bytes -= self._kept.popitem(last=False)[1].nbytes
        return batch

    def _as_table(self, batch: pa.RecordBatch) -> pa.Table:
        columns = []
        for field in self._schema:
            place = batch.schema.get_field_index(field.name)
            if place >= 0:
                column = batch.column(place)
                if column.type != field.type:
                    column = column.cast(field.type, safe=False)
            else:
                column = _absent(field, batch.num_rows)
            columns.append(column)
        return pa.Table.from_arrays(columns, schema=self._schema)


def _absent(field: pa.Field, rows: int) -> pa.Array:
    """What a key's absence means."""
    value = OPTIONAL.get(field.name)
    return (
        pa.nulls(rows, field.type)
        if value is None
        else pa.repeat(pa.scalar(value, field.type), rows)
    )
