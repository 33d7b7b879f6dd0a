"""The last lines of a run: where the time goes, whether C2C pays, what to believe, where to read on.

From the tables that the run left. One that is older than its shards, or of another config, says nothing.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from ..method_table import SUBJECT
from ..stages import Stage
from .quality_sentences import closing_lines

# Pairs and runtimes of which one line each is said; the report tells of the others.
MOST_LINES = 3
# A stage below this share is not named.
LEAST_SHARE = 0.02
TITLES = {stage.value: stage.label for stage in Stage}


def answer_lines(folder: Path, made: Collection[str], shards: Iterable[Path]) -> list[str]:
    """What a person wants to know first.

    Args:
        folder: of the tables.
        made: names of the files that this run's config makes there.
        shards: files of records.
    """
    shards = list(shards)
    newest = max((path.stat().st_mtime for path in shards if path.is_file()), default=0.0)

    def current(name: str) -> Path | None:
        path = folder / name
        return path if name in made and path.is_file() and path.stat().st_mtime >= newest else None

    lines: list[str] = []
    if path := current("bottlenecks.tsv"):
        lines += where_the_time_goes(_rows(path))
    if path := current("speedup.tsv"):
        lines += _whether_it_pays(path)
    if path := current("summary.tsv"):
        lines += closing_lines(path, shards)
    if path := current("report.html"):
        lines.append(f"report: {path}")
    return lines


def where_the_time_goes(rows: Iterable[Mapping[str, str]]) -> list[str]:
    """Shares of the stages, of each pair and runtime; and the first place to work on.

    Of C2C, or of the first method where nothing else was timed.

    Args:
        rows: of ``bottlenecks.tsv``, the largest saving first.
    """
    rows = [row for row in rows if row["median_ms"] and float(row["count"]) > 0]
    methods = {row["method"] for row in rows}
    method = SUBJECT if SUBJECT in methods else next((row["method"] for row in rows), "")
    arms: dict[tuple[str, ...], list[Mapping[str, str]]] = defaultdict(list)
    for row in rows:
        if row["method"] == method:
            arms[row["pair"], row["runtime"], row["length_view"]].append(row)
    lines = []
    for (pair, runtime, view), own in list(arms.items())[:MOST_LINES]:
        shares = _shares(own)
        told = ", ".join(
            f"{TITLES.get(stage, stage)} {share:.0%}"
            for stage, share in shares
            if share >= LEAST_SHARE
        )
        first = next((row for row in own if row["time_over_floor"]), None)
        advice = first and (
            f"  work first on {TITLES.get(first['stage'], first['stage'])} ({first['dataset']}): "
            f"{float(first['time_over_floor']):.3g} times its floor, bound by {first['bound_by']}"
        )
        lines.append(f"where the time goes ({pair}, {method}, {runtime}, {view}): {told}")
        if advice:
            lines.append(advice)
    if len(arms) > MOST_LINES:
        lines.append(f"  and {len(arms) - MOST_LINES} more: see the report")
    return lines


def _shares(rows: Iterable[Mapping[str, str]]) -> list[tuple[str, float]]:
    """Each stage's part of the time of all requests, the largest first."""
    spent: dict[str, float] = defaultdict(float)
    for row in rows:
        spent[row["stage"]] += float(row["median_ms"]) * float(row["count"])
    whole = sum(spent.values()) or 1.0
    return sorted(((stage, time / whole) for stage, time in spent.items()), key=lambda of: -of[1])


def _whether_it_pays(path: Path) -> list[str]:
    from .merge import read_tsv
    from .verdicts import method_verdicts, runtime_verdicts

    table = read_tsv(path)
    verdicts = method_verdicts(table) or runtime_verdicts(table)
    lines = [f"does it pay: {verdict}" for verdict in verdicts[:MOST_LINES]]
    if len(verdicts) > MOST_LINES:
        lines.append(f"  and {len(verdicts) - MOST_LINES} more verdicts: see the report")
    return lines


def _rows(path: Path) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))
