"""All shards into one Parquet file and one table of failures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pyarrow

from ..errors import UserError
from ..progress import say
from ..whole_files import written_whole
from .columns import ERROR_COLUMNS, IDENTITY, MEMORY, PADDING, SETTING, SETUP, STEPS, TIMING_KEYS
from .copies import Copies, number_repeats, tell_ids_apart
from .record_lines import OPTIONAL, flatten, read_errors, read_records
from .setups import differing, setups

LENGTHS = ["prompt_length", "teacher_prompt_length", "message_length", "response_length"]
LEADING = ["id", *IDENTITY, "repeat", *LENGTHS, "correct", "residual_flag"]
TEXTS = ["prompt", "response", *STEPS]


def merge(paths: Sequence[Path]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Flat records (contract's columns first, unknown ones after them, sorted) and failures.

    Raises:
        UserError: a line is no record, or there is no record at all.
    """
    paths = list(dict.fromkeys(paths))
    records, failures = Copies("records"), Copies("failures")
    files = [
        [OPTIONAL | flatten(record) for record in records.without(read_records(path), path)]
        for path in paths
    ]
    errors = [e for path in paths for e in failures.without(read_errors(path), path)]
    rows = [row for file in files for row in file]
    if not rows:
        raise UserError("no records in any of the shards; see their logs")
    # An id first, since a request is the same only for the same row.
    for sentence in (
        records.sentence,
        failures.sentence,
        tell_ids_apart(rows),
        number_repeats(files),
    ):
        if sentence:
            say(sentence)
    table = pd.DataFrame(rows).reindex(columns=_columns(rows))
    table = _typed(table)
    # In the order in which they were made, whatever files they stand in.
    order = ["pair", "dataset", "subject", "started_at"]
    table = table.sort_values(order, kind="stable", ignore_index=True)
    return table, pd.DataFrame(errors, columns=ERROR_COLUMNS)


def _typed(table: pd.DataFrame) -> pd.DataFrame:
    """Columns that no record has are there, and have their types."""
    lacks = [key for key in (*TIMING_KEYS, *OPTIONAL) if key not in table]
    table = table.assign(**{key: OPTIONAL.get(key) for key in lacks})
    table["residual_flag"] = table["residual_flag"].eq(True)
    known_or_not = ["correct", "prompt_truncated"]
    table[known_or_not] = table[known_or_not].astype("boolean")
    lengths = ["teacher_prompt_length", "message_length", "wanted_prompt_length", *PADDING]
    numbers = [*TIMING_KEYS, *lengths, *MEMORY]
    table[numbers] = table[numbers].astype("float64")
    table[SETUP] = setups(table)
    return table


def _columns(rows: list[dict]) -> list[str]:
    others = {key for row in rows for key in row} - {*LEADING, *TIMING_KEYS, *TEXTS}
    return [*LEADING, *TIMING_KEYS, *sorted(others), *TEXTS]


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
    except (pyarrow.ArrowException, ValueError, TypeError, OverflowError) as error:
        raise UserError(f"{path}: the records do not fit one table ({error})") from None


def write_tsv(table: pd.DataFrame, path: Path) -> None:
    """Write six significant digits, and nothing where there is no value."""
    with written_whole(path) as partial:
        table.to_csv(partial, sep="\t", index=False, float_format="%.6g")


def read_timings(path: Path) -> pd.DataFrame:
    """The merged records; what a file of an earlier version lacks is there, as records may lack it.

    Raises:
        UserError: the file is missing, no Parquet file, or one of something else.
    """
    try:
        table = _typed(pd.read_parquet(path))
    except (OSError, ValueError, TypeError) as error:
        reason = str(error).splitlines()[0][:200]
        raise UserError(
            f"{path}: cannot be read ({reason}); make it with merge_timings.py"
        ) from None
    if lost := {*LEADING, *SETTING} - set(table):
        raise UserError(f"{path}: has no column {min(lost)}; make it with merge_timings.py")
    return table


def read_tsv(path: Path) -> pd.DataFrame:
    """A table that ``write_tsv`` wrote."""
    try:
        table = pd.read_csv(path, sep="\t")
    except (OSError, ValueError) as error:
        raise UserError(f"{path}: cannot be read ({error})") from None
    if SETUP in table:  # most are empty
        table[SETUP] = table[SETUP].fillna("").astype(str)
    return table
