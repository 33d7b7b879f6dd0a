"""Which shards of a run are there: tables made from a part of them say so."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from ..errors import UserError
from ..places import user_path
from ..scarcity import fewer
from ..shard_names import TIMINGS, Chunk, chunk_from, run_file, timing_file
from .columns import SETUP, SHARD
from .run_checks import SampleCounts

# Which part of its subject a shard is, such as 2-of-4; a column only where subjects are split.
CHUNK = "chunk"


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


def add_manifest_arguments(flags: argparse.ArgumentParser, what_for: str = "") -> None:
    """``--manifest`` and ``--timings-dir`` of commands that read what shards wrote."""
    flags.add_argument(
        "--manifest",
        type=user_path,
        help="the run's shards, a TSV with pair, dataset and subject (and chunk)" + what_for,
    )
    flags.add_argument(
        "--timings-dir", type=user_path, default=Path(TIMINGS), help="where those shards lie"
    )


def named_run_files(arguments: argparse.Namespace) -> list[Path]:
    """What the manifest's shards wrote of their runs; none without a manifest."""
    if not arguments.manifest:
        return []
    return list(map(run_file, shard_files(arguments.manifest, arguments.timings_dir)))


def shard_files(manifest: Path, timings: Path) -> list[Path]:
    """The records of a manifest's shards, whether they are there or not."""
    return timing_files(read_manifest(manifest), timings)


def timing_files(shards: pd.DataFrame, timings: Path) -> list[Path]:
    """The same of shards that were read."""
    chunks = shards[CHUNK] if CHUNK in shards else [""] * len(shards)
    rows = zip(shards[SHARD].itertuples(index=False), chunks, strict=True)
    return [
        timing_file(timings, pair, dataset, f"{subject}.{chunk}" if chunk else subject)
        for (pair, dataset, subject), chunk in rows
    ]


def coverage(shards: pd.DataFrame, timings: Path) -> pd.DataFrame:
    """The shards with a column ``state``: done where there are records, or missing."""
    files = timing_files(shards, timings)
    covered = shards[SHARD].assign(state=["done" if f.exists() else "missing" for f in files])
    return covered.assign(**{CHUNK: shards[CHUNK]}) if CHUNK in shards else covered


def with_samples(
    covered: pd.DataFrame, timings: Path, counts: Mapping[Path, SampleCounts]
) -> pd.DataFrame:
    """The shards with two more columns: how many samples were asked for, and how many there were."""
    found = list(map(counts.get, timing_files(covered, timings)))
    chunks = map(chunk_from, covered[CHUNK]) if CHUNK in covered else [None] * len(covered)
    asked = [_asked(of, chunk) if of else None for of, chunk in zip(found, chunks, strict=True)]
    got = [of.got if of else None for of in found]
    return covered.assign(
        asked=pd.array(asked, dtype="Int64"),
        got=pd.array(got, dtype="Int64"),
    )


def _asked(counts: SampleCounts, chunk: Chunk | None) -> int | None:
    if counts.asked is None or chunk is None:
        return counts.asked
    first, end = chunk.span(counts.asked)
    return end - first


def mark_partial(summary: pd.DataFrame, covered: pd.DataFrame) -> pd.DataFrame:
    """The summary with a column ``partial``, true or false on all rows alike.

    Every subject without any of its shards gets a row with count 0, so that no one takes its absence
    for a choice.
    """
    missing = covered[covered["state"] == "missing"]
    there = set(summary[SHARD].itertuples(index=False, name=None))
    rows = missing[SHARD].drop_duplicates().assign(count=0, failed=0, flagged=0)
    rows = rows[[name not in there for name in rows[SHARD].itertuples(index=False, name=None)]]
    marked = pd.concat([summary, rows], ignore_index=True) if len(rows) else summary
    return marked.fillna({SETUP: ""}).assign(partial="true" if len(missing) else "false")


def sentences(covered: pd.DataFrame) -> list[str]:
    """What a report says of a partial run; nothing of a complete one."""
    num_missing = int((covered["state"] == "missing").sum())
    if not num_missing:
        return []
    return [
        f"This report is partial: {num_missing} of {len(covered)} shards are missing (coverage.tsv "
        "names them), and no number here knows of them."
    ]


# So many subjects are named in a sentence.
MOST_NAMES = 5


def scarce_sentences(covered: pd.DataFrame) -> list[str]:
    """Of subjects that had fewer samples than they were asked for: a sentence for each number asked for."""
    if not {"asked", "got"} <= set(covered):
        return []
    done = covered.dropna(subset=["asked", "got"])
    whole = done.groupby(SHARD, sort=False)[["asked", "got"]].sum().reset_index()
    # The same for every pair.
    subjects = whole.drop_duplicates(["dataset", "subject"])
    short = subjects[subjects["got"] < subjects["asked"]]
    return [_scarce_sentence(int(asked), rows) for asked, rows in short.groupby("asked")]


def _scarce_sentence(asked: int, rows: pd.DataFrame) -> str:
    named = [f"{int(row.got)} for {row.dataset} {row.subject}" for row in rows.itertuples()]
    more = f" and fewer for {len(named) - MOST_NAMES} others" if len(named) > MOST_NAMES else ""
    said = fewer(asked, ", ".join(named[:MOST_NAMES]) + more, " of each subject")
    return f"{said[0].upper()}{said[1:]} (coverage.tsv has them all)."
