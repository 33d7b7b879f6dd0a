"""The last lines of a run: where the time goes, whether C2C pays, what to believe, where to read on.

From the tables that the run left. One that is older than its shards, or of another config, says nothing.
"""

from __future__ import annotations

import csv
import itertools
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from ..errors import UserError
from ..method_table import SUBJECT
from ..stages import Stage
from .columns import SHARES
from .quality_sentences import quality_lines

# Pairs and runtimes of which one line each is said; the report tells of the others.
MOST_LINES = 3
# A stage below this share is not named.
LEAST_SHARE = 0.02
TITLES = {stage.value: stage.label for stage in Stage}
ARM = ("pair", "method", "runtime", "length_view")
# What is read of a table; one that lacks it is somebody's own.
OF_SUMMARY = {*ARM, *SHARES.values(), "count", "total_time_ms_mean", "quality", "quality_advice"}
OF_BOTTLENECKS = {*ARM, "dataset", "stage", "time_over_floor", "bound_by"}

Row = Mapping[str, str]


def answer_lines(folder: Path, made: Collection[str], shards: Iterable[Path]) -> list[str]:
    """What a person wants to know first.

    Args:
        folder: of the tables.
        made: names of the files that this run's config makes there.
        shards: files of records.
    """
    newest = max((path.stat().st_mtime for path in shards if path.is_file()), default=0.0)

    def current(name: str) -> Path | None:
        path = folder / name
        return path if name in made and path.is_file() and path.stat().st_mtime >= newest else None

    summary = _rows(current("summary_full.tsv"), OF_SUMMARY)
    lines = where_the_time_goes(summary, _rows(current("bottlenecks.tsv"), OF_BOTTLENECKS))
    calls: list[str] = []
    if path := current("speedup.tsv"):
        pays, calls = _of_speedup(path)
        lines += pays
    lines += quality_lines(summary)
    lines += [f"  false verdict: {call}" for call in calls]
    if path := current("report.html"):
        lines.append(f"report: {path}")
    return lines


def where_the_time_goes(summary: Iterable[Row], bottlenecks: Iterable[Row]) -> list[str]:
    """Shares of the stages, of each pair and runtime; and the first place to work on.

    Of C2C, or of the first method where nothing else was timed.

    Args:
        summary: rows of ``summary_full.tsv``.
        bottlenecks: rows of ``bottlenecks.tsv``, the largest saving first.
    """
    timed = [row for row in summary if float(row["count"] or 0) > 0]
    methods = dict.fromkeys(row["method"] for row in timed)
    method = SUBJECT if SUBJECT in methods else next(iter(methods), "")
    arms: dict[tuple[str, ...], list[Row]] = defaultdict(list)
    for row in timed:
        if row["method"] == method:
            arms[tuple(row[name] for name in ARM)].append(row)
    floors = [row for row in bottlenecks if row["time_over_floor"]]
    lines = []
    for arm, rows in list(arms.items())[:MOST_LINES]:
        told = ", ".join(
            f"{TITLES[stage]} {share:.0%}" for stage, share in _shares(rows) if share >= LEAST_SHARE
        )
        lines.append(f"where the time goes ({', '.join(arm)}): {told}")
        own = (row for row in floors if tuple(row[name] for name in ARM) == arm)
        lines += [_advice(row) for row in itertools.islice(own, 1)]
    if len(arms) > MOST_LINES:
        lines.append(f"  and {len(arms) - MOST_LINES} more: see the report")
    return lines


def _advice(row: Row) -> str:
    return (
        f"  work first on {TITLES.get(row['stage'], row['stage'])} ({row['dataset']}): "
        f"{float(row['time_over_floor']):.3g} times its floor, bound by {row['bound_by']}"
    )


def _shares(rows: Iterable[Row]) -> list[tuple[str, float]]:
    """Each stage's part of the time of all requests, the largest first."""
    whole, spent = 0.0, dict.fromkeys(TITLES, 0.0)
    for row in rows:
        time = float(row["count"]) * float(row["total_time_ms_mean"])
        whole += time
        for stage, name in SHARES.items():
            spent[stage.value] += time * float(row[name] or 0)
    shares = [(stage, time / whole) for stage, time in spent.items()]
    return sorted(shares, key=lambda of: -of[1])


def _of_speedup(path: Path) -> tuple[list[str], list[str]]:
    """Whether it pays and what can be told at all; and false verdicts."""
    from .merge import read_tsv
    from .resolution import false_calls, resolution_line
    from .verdicts import method_verdicts, runtime_verdicts

    try:
        table = read_tsv(path)
        verdicts = method_verdicts(table) or runtime_verdicts(table)
        calls, told = false_calls(table), resolution_line(table)
    except (UserError, KeyError) as error:
        return [f"does it pay: {path} does not tell ({error})"], []
    lines = [f"does it pay: {verdict}" for verdict in verdicts[:MOST_LINES]]
    if len(verdicts) > MOST_LINES:
        lines.append(f"  and {len(verdicts) - MOST_LINES} more verdicts: see the report")
    return lines + ([told] if told else []), calls


def _rows(path: Path | None, needed: Collection[str]) -> list[dict[str, Any]]:
    if path is None:
        return []
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    return rows if rows and set(needed) <= set(rows[0]) else []
