"""Rows of Parquet, and of Arrow files as ``Dataset.save_to_disk`` writes them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import UserError
from .rows import Found

if TYPE_CHECKING:
    import pyarrow


def read_parquet(path: Path) -> Iterator[Found]:
    """The rows of a Parquet file.

    Raises:
        UserError: it is none, or names a column twice.
    """
    import pyarrow
    import pyarrow.parquet

    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            _check_columns(path, file.schema_arrow.names)
            for batch in file.iter_batches(batch_size=1000):
                yield from batch.to_pylist()
    except (pyarrow.ArrowException, ValueError) as error:
        raise _unreadable(path, "Parquet", error) from None


def read_arrow(path: Path) -> Iterator[Found]:
    """The rows of an Arrow stream or Arrow file.

    Raises:
        UserError: it is neither, or names a column twice.
    """
    import pyarrow

    try:
        with pyarrow.memory_map(str(path)) as source:
            for batch in _batches(path, source):
                yield from batch.to_pylist()
    except (pyarrow.ArrowException, ValueError) as error:
        raise _unreadable(path, "Arrow", error) from None


def _batches(path: Path, source: pyarrow.NativeFile) -> Iterator[pyarrow.RecordBatch]:
    import pyarrow.ipc

    if source.read(6) == b"ARROW1":
        file = pyarrow.ipc.open_file(source)
        _check_columns(path, file.schema.names)
        yield from map(file.get_batch, range(file.num_record_batches))
        return
    source.seek(0)
    stream = pyarrow.ipc.open_stream(source)
    _check_columns(path, stream.schema.names)
    yield from stream


def _check_columns(path: Path, names: list[str]) -> None:
    if len(set(names)) < len(names):
        raise UserError(f"{path}: a column stands twice in it; rename one")


def _unreadable(path: Path, kind: str, error: Exception) -> UserError:
    reason = next(iter(str(error).splitlines()), type(error).__name__)
    return UserError(f"{path}: not a readable {kind} file ({reason})")
