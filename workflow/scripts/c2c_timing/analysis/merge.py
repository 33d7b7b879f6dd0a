"""All shards into one Parquet file and one table of failures."""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import shutil
import signal
import tempfile
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import partial
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ..errors import UserError
from ..method_table import is_again
from ..progress import say
from ..whole_files import written_whole
from .columns import ERROR_COLUMNS, SETTING, SETUP, SHARD, TIMING_KEYS
from .copies import CONFIG, Copies, number_repeats, tell_ids_apart, without_copies
from .first_steps import read_first_steps
from .gather import KNOWN_OR_NOT, LEADING, Rows, write_rows
from .parts import FLOATS, DoNotFitError, Part, read_part
from .record_lines import OPTIONAL
from .setups import PARTS, differing, setups
from .tsv_columns import as_read, as_written

# Files that a process reads at a time, in bytes; fewer are not worth another process.
BYTES_A_PART = 16_000_000
# How a table is read: as its columns are, each of them given up as soon as it is there.
NO_COPIES = {"split_blocks": True, "self_destruct": True}


@dataclass(frozen=True)
class Merged:
    """What came of a merge.

    Attributes:
        records: how many.
        errors: failed samples, as a table.
        apart: one line where records of one pair differ in what keeps them apart, else None.
    """

    records: int
    errors: pd.DataFrame
    apart: str | None


def merge(paths: Sequence[Path]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Flat records (contract's columns first, unknown ones after them, sorted) and failures.

    For as many as memory holds; ``merged_into`` needs it for a part of them alone.

    Raises:
        UserError: a line is no record, or there is no record at all.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "timings.parquet"
        with merged_into(path, paths) as merged:
            pass
        return read_timings(path), merged.errors


@contextlib.contextmanager
def merged_into(path: Path, paths: Sequence[Path], processes: int = 1) -> Iterator[Merged]:
    """Write the records of shards as one table, in the order in which they were made.

    Shards are read once, and memory holds a part of them. The file is there at the end of the block.

    Raises:
        UserError: a line is no record, there is no record at all, or they do not fit one table.
    """
    paths = list(dict.fromkeys(paths))
    with written_whole(path) as partial_file:
        with _aside(path) as folder:
            try:
                parts = list(_read_parts(paths, folder, processes))
                merged = _merge_parts(partial_file, paths, parts)
            except (DoNotFitError, pa.ArrowException) as error:
                raise UserError(f"{path}: the records do not fit one table ({error})") from None
        yield merged


@contextlib.contextmanager
def _aside(path: Path) -> Iterator[Path]:
    """A folder beside a file, for as long as that is made; what a killed merge left there goes."""
    folder = path.with_name(f"{path.name}.parts")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _read_parts(paths: Sequence[Path], folder: Path, processes: int) -> Iterator[Part]:
    """The parts in the order of their files, each read by one process."""
    in_order = sorted(enumerate(paths), key=lambda file: str(file[1]))
    tasks = [(files, folder / str(number)) for number, files in enumerate(_divided(in_order))]
    processes = min(processes, len(tasks))
    if processes < 2 or "fork" not in multiprocessing.get_all_start_methods():
        yield from (read_part(*task) for task in tasks)
        return
    forked = multiprocessing.get_context("fork")
    ignore = partial(signal.signal, signal.SIGINT, signal.SIG_IGN)  # this one tells them to end
    with ProcessPoolExecutor(processes, forked, ignore) as pool:
        try:
            yield from pool.map(read_part, *zip(*tasks, strict=True))
        except BrokenProcessPool:
            raise UserError(
                "a process that reads records was killed (no memory left?); merge with --threads 1"
            ) from None


def _divided(files: Sequence[tuple[int, Path]]) -> Iterator[list[tuple[int, Path]]]:
    part: list[tuple[int, Path]] = []
    size = 0
    for number, path in files:
        part.append((number, path))
        with contextlib.suppress(OSError):  # who reads it says so
            size += path.stat().st_size
        if size > BYTES_A_PART:
            yield part
            part, size = [], 0
    if part:
        yield part


def _merge_parts(path: Path, paths: Sequence[Path], parts: Sequence[Part]) -> Merged:
    keys, configs = _joined_keys(parts)
    failed = sorted((f for part in parts for f in part.failures), key=itemgetter(0))
    failures = Copies("failures")
    errors = pd.DataFrame(
        list(failures.without((paths[file], error) for file, error in failed)),
        columns=ERROR_COLUMNS,
    )
    if keys.empty:
        raise UserError("no records in any of the shards; see their logs")
    keys, copied = without_copies(keys, paths)
    # An id first, since a request is the same only for the same row.
    ids, shared = tell_ids_apart(keys)
    repeats, again = number_repeats(keys.assign(id=ids))
    for sentence in (copied, failures.sentence, shared, again):
        if sentence:
            say(sentence)
    known = keys[["pair", "config"]].drop_duplicates()
    settings = configs.loc[known["config"]].assign(pair=known["pair"].astype(str).to_numpy())
    settings = settings.reset_index(drop=True)
    texts = setups(settings)
    of_known = (
        keys[["pair", "config"]]
        .merge(known.assign(text=np.arange(len(known))), how="left", on=["pair", "config"])["text"]
        .to_numpy(np.int32)
    )
    # In the order in which they were made, whatever files they stand in.
    order = _order(keys)
    keys = keys.iloc[order]
    rows = Rows(
        keys["batch"].to_numpy(), keys["row"].to_numpy(), keys["size"].to_numpy(),
        ids.iloc[order] if shared else None, repeats[order], of_known[order], list(texts),
    )  # fmt: skip
    batches = [batch for part in parts for batch in part.batches]
    write_rows(path, rows, batches, [s for part in parts for s in part.schemas.values()])
    return Merged(len(keys), errors, kept_apart(settings.assign(**{SETUP: texts})))


def _joined_keys(parts: Sequence[Part]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Keys of all records in the order of files and lines, and the distinct configs that they name."""
    numbers: dict[str, int] = {}
    configs: list[dict[str, Any]] = []
    tables, batches = [], 0
    for part in parts:
        own = []
        for config in part.configs:
            # Equal in all that keeps records apart; what else there is stays in their columns.
            flat = {f"model_config.{key}": value for key, value in config.items()}
            told = {key: flat.get(key) for key in CONFIG}
            number = numbers.setdefault(json.dumps(told, sort_keys=True), len(configs))
            if number == len(configs):
                configs.append(told)
            own.append(number)
        config = pc.take(pa.array(own, pa.int32()), part.keys["config"])
        batch = pc.add(part.keys["batch"], pa.scalar(batches, pa.int32()))
        batches += len(part.batches)
        table = part.keys
        for name, column in (("config", config), ("batch", batch)):
            table = table.set_column(table.schema.get_field_index(name), name, column)
        tables.append(table)
        part.keys = table.slice(0, 0)
    joined = pa.concat_tables(tables).unify_dictionaries()
    keys = joined.combine_chunks().to_pandas(split_blocks=True, self_destruct=True)
    in_order = np.lexsort((keys["line"], keys["file"]))
    return keys.iloc[in_order].reset_index(drop=True), pd.DataFrame(configs, columns=CONFIG)


def _order(keys: pd.DataFrame) -> np.ndarray:
    """Places of rows by pair, data set, subject and begin; those that do not tell their begin last."""
    ranks = [_ranks(keys[name]) for name in (*SHARD, "started_at")]
    return np.lexsort(ranks[::-1])


def _ranks(column: pd.Series) -> np.ndarray:
    """Of each text its place among all, in their order."""
    categories = column.cat.categories.to_numpy(object)
    ranks = np.empty(len(categories) + 1, np.int64)
    ranks[np.argsort(categories, kind="stable")] = np.arange(len(categories))
    ranks[-1] = len(categories)  # of none
    return ranks[column.cat.codes.to_numpy()]


def _typed(table: pd.DataFrame, columns: Collection[str] | None = None) -> pd.DataFrame:
    """Columns that no record has are there, and have their types; of some columns, these alone."""
    wanted = [*dict.fromkeys((*TIMING_KEYS, *OPTIONAL))]
    if columns is not None:
        wanted = [key for key in wanted if key in columns]
    table = table.assign(**{key: OPTIONAL.get(key) for key in wanted if key not in table})
    if "residual_flag" in table:
        table["residual_flag"] = table["residual_flag"].eq(True)
    for keys, kind in ((KNOWN_OR_NOT, "boolean"), (FLOATS, "float64")):
        # What is of its type already is not copied.
        own = [key for key in keys if key in table and table[key].dtype != kind]
        if own:
            table[own] = table[own].astype(kind)
    if SETUP not in table:
        table[SETUP] = setups(table)
    return table


def kept_apart(table: pd.DataFrame) -> str | None:
    """One line where records of one pair differ in what keeps them apart; None where they do not.

    Several runtimes are no such mixture: they are run to be compared.
    """
    differ = {
        column.removeprefix("model_config."): sorted(table[column].astype(str).unique())
        for column in SETTING
        if table.groupby("pair")[column].nunique(dropna=False).max() > 1
    }
    differ |= differing(table)
    if not differ:
        return None
    found = "; ".join(
        f"{len(values)} {_several(name)} ({', '.join(values)})" for name, values in differ.items()
    )
    return f"records of different settings are kept apart, as rows of their own: {found}"


def _several(name: str) -> str:
    return f"numbers of {name}" if name == "threads" else f"{name}s"


def write_parquet(table: pd.DataFrame, path: Path) -> None:
    """Write all columns, with their types.

    Raises:
        UserError: a key of the records has values that no column can hold together.
    """
    try:
        with written_whole(path) as partial:
            table.to_parquet(partial, index=False)
    except (pa.ArrowException, ValueError, TypeError, OverflowError) as error:
        raise UserError(f"{path}: the records do not fit one table ({error})") from None


def write_tsv(table: pd.DataFrame, path: Path) -> None:
    """Write six significant digits, whole counts, plain names, and nothing where there is no value."""
    table = as_written(table)
    # As pandas' float_format does it, in a third of its time.
    texts = {
        name: ["" if value != value else f"{value:.6g}" for value in column.tolist()]
        for name, column in table.items()
        if isinstance(column.dtype, np.dtype) and column.dtype.kind == "f"
    }
    table = table.assign(**pd.DataFrame(texts, table.index, dtype=object))
    with written_whole(path) as partial:
        table.to_csv(partial, sep="\t", index=False)


def read_timings(
    path: Path, columns: Collection[str] | None = None, with_second_arms: bool = False
) -> pd.DataFrame:
    """The merged records; what a file of an earlier version lacks is there, as records may lack it.

    Args:
        columns: those that are needed, of very many records, or of ``FIRST_STEPS`` too; by default all
            that the file has.
        with_second_arms: also what only tells the instrument's resolution (``method_table.again``).

    Raises:
        UserError: the file is missing, no Parquet file, or one of something else.
    """
    try:
        there = pq.read_schema(path).names
        needed = {*(there if columns is None else columns), "method"}
        if SETUP not in there:
            needed |= {f"model_config.{key}" for key in PARTS}
        wanted = [name for name in there if name in needed]
        table = pd.read_parquet(path, columns=wanted, to_pandas_kwargs=NO_COPIES)
        table = table.assign(**read_first_steps(path, columns or ()))
        if not with_second_arms:
            table = _without_second_arms(table)
        if columns is not None and "method" not in columns:
            table = table.drop(columns="method", errors="ignore")
        table = _typed(table, columns)
    except (OSError, ValueError, TypeError) as error:
        reason = str(error).splitlines()[0][:200]
        raise UserError(
            f"{path}: cannot be read ({reason}); make it with merge_timings.py"
        ) from None
    if lost := {*LEADING, *SETTING} - set(there):
        raise UserError(f"{path}: has no column {min(lost)}; make it with merge_timings.py")
    return table


def _without_second_arms(table: pd.DataFrame) -> pd.DataFrame:
    if "method" not in table:  # said below
        return table
    second = {method for method in table["method"].unique() if is_again(str(method))}
    return table[~table["method"].isin(second)].reset_index(drop=True) if second else table


def read_tsv(path: Path) -> pd.DataFrame:
    """A table that ``write_tsv`` wrote."""
    try:
        table = as_read(pd.read_csv(path, sep="\t"))
    except (OSError, ValueError) as error:
        raise UserError(f"{path}: cannot be read ({error})") from None
    if SETUP in table:  # most are empty
        table[SETUP] = table[SETUP].astype(object).fillna("").astype(str)
    return table
