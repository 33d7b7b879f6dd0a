"""Which shards of a run are there: tables made from a part of them say so."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from ..errors import UserError
from ..shard_names import timing_file
from .columns import SETUP, SHARD


def read_manifest(path: Path) -> pd.DataFrame:
    """The shards of a run, one row each with pair, dataset and subject.

    Raises:
        UserError: it cannot be read, or has other columns.
    """
    try:
        shards = pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False)
    except (OSError, ValueError) as error:
        raise UserError(f"{path}: cannot be read ({error})") from None
    if list(shards.columns[:3]) != SHARD:
        raise UserError(f"{path}: needs the columns {', '.join(SHARD)}")
    return shards


def shard_files(manifest: Path, timings: Path) -> list[Path]:
    """The records of a manifest's shards, whether they are there or not."""
    shards = read_manifest(manifest)[SHARD].itertuples(index=False)
    return [timing_file(timings, *shard) for shard in shards]


def coverage(shards: pd.DataFrame, timings: Path) -> pd.DataFrame:
    """The shards with a column ``state``: done where there are records, or missing."""
    rows = shards[SHARD].itertuples(index=False)
    states = ["done" if timing_file(timings, *row).exists() else "missing" for row in rows]
    return shards[SHARD].assign(state=states)


def mark_partial(summary: pd.DataFrame, covered: pd.DataFrame) -> pd.DataFrame:
    """The summary with a column ``partial``, true or false on all rows alike.

    Every missing shard gets a row with count 0, so that no one takes its absence for a choice.
    """
    missing = covered[covered["state"] == "missing"]
    rows = missing[SHARD].assign(count=0, failed=0, flagged=0)
    marked = pd.concat([summary, rows], ignore_index=True) if len(rows) else summary
    return marked.fillna({SETUP: ""}).assign(partial="true" if len(rows) else "false")


def sentences(covered: pd.DataFrame) -> list[str]:
    """What a report says of a partial run; nothing of a complete one."""
    num_missing = int((covered["state"] == "missing").sum())
    if not num_missing:
        return []
    return [
        f"This report is partial: {num_missing} of {len(covered)} shards are missing (coverage.tsv "
        "names them), and no number here knows of them."
    ]
