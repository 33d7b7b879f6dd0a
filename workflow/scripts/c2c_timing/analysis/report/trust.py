"""Whether to believe the numbers: rows that are not ok and why, failures, what is missing."""

from __future__ import annotations

from typing import TypeGuard

import pandas as pd

from ..columns import IDENTITY, SETTING, SETUP, SHARD
from ..coverage import scarce_sentences, sentences
from ..quality_sentences import OK, quality_sentences
from .tables import NAMES, Column, Table, count, percent, table_of


def quality_line(summary: pd.DataFrame | None) -> str | None:
    """The verdict on all rows of the summary."""
    return quality_sentences(summary.to_dict("records"))[0] if _is_judged(summary) else None


def quality_warnings(summary: pd.DataFrame | None) -> list[str]:
    """What concerns all rows together."""
    found = quality_sentences(summary.to_dict("records"))[1:] if _is_judged(summary) else []
    return [sentence for sentence in found if "of all records are flagged" in sentence]


def intervals_count(timings: pd.DataFrame) -> str:
    """What the intervals of tables and verdicts count, in one sentence."""
    processes = timings.groupby(SHARD)["process"].nunique()
    few, many = int(processes.min()), int(processes.max())
    if many == 1:
        return (
            "Intervals count samples of one process. How times differ from process to process (where "
            "memory lies, what was loaded in which order) is unknown here, and may be more than they "
            "say: processes in the config measures it."
        )
    number = f"{many}" if few == many else f"{few} to {many}"
    return (
        f"Intervals of medians and speed-ups count {number} fresh processes and the samples within; "
        "those of break-even points and fitted lines count samples alone."
    )


def marks(summary: pd.DataFrame | None) -> list[tuple[str, int, str]]:
    """Each mark of rows that are not ok, their number, and what to do as the first of them has it."""
    groups = _not_ok(summary).groupby("quality", sort=False) if _is_judged(summary) else ()
    found = [(str(mark), len(own), str(own["quality_advice"].iloc[0])) for mark, own in groups]
    return sorted(found, key=lambda mark: -mark[1])


def not_ok_table(summary: pd.DataFrame | None) -> Table:
    """Rows of the summary that are not ok, with what to do."""
    if not _is_judged(summary):
        return table_of([], [])
    return table_of(
        _not_ok(summary).to_dict("records"),
        [
            *(NAMES[n] for n in (*IDENTITY, *SETTING, SETUP) if n not in ("dataset", "subject")),
            *(Column(n, NAMES[n].title, is_kept=True) for n in ("dataset", "subject")),
            count("count", "requests"),
            Column("quality", "mark", is_kept=True),
            percent("variation", "variation"),
            percent("drift", "drift"),
            percent("flagged_share", "flagged"),
            Column("quality_advice", "what to do", is_kept=True, is_long=True),
        ],
    )


def missing_lines(coverage: pd.DataFrame | None) -> list[str]:
    """What a partial run says of itself."""
    return [] if coverage is None else sentences(coverage)


def scarce_lines(coverage: pd.DataFrame | None) -> list[str]:
    """What a run says of itself that had fewer samples than it was asked for."""
    return [] if coverage is None else scarce_sentences(coverage)


def failure_table(errors: pd.DataFrame) -> Table:
    """Samples that failed."""
    rows = errors.to_dict("records")
    names = ("pair", "dataset", "subject", "id", "method", "runtime", "stage", "error_type")
    titles = {"dataset": "data set", "error_type": "error"}
    kept = ("id", "stage")
    return table_of(
        rows,
        [
            *(Column(name, titles.get(name, name), is_kept=name in kept) for name in names),
            Column("message", "message", is_kept=True, is_long=True),
        ],
    )


def _not_ok(summary: pd.DataFrame) -> pd.DataFrame:
    return summary[summary["quality"].notna() & (summary["quality"] != OK)]


def _is_judged(summary: pd.DataFrame | None) -> TypeGuard[pd.DataFrame]:
    """Whether there is a summary that knows of quality: those of earlier versions do not."""
    return summary is not None and "quality" in summary
