"""What a command says at its end: a line for each subject, method and runtime that it timed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from statistics import median
from typing import Any

from ..method_table import METHODS
from ..progress import say
from ..runtime_table import REFERENCE, RUNTIMES
from ..settings import LENGTH_VIEWS
from ..text_tables import aligned

WAY = ("dataset", "subject", "method", "runtime", "length_view")
TIMES = ("total_time_ms", "ttft_ms", "decode_avg_ms", "tokens_per_second")
# Of the lines; each subject's have the same names.
TITLES = {
    "records": "n",
    "total_time_ms": "total ms",
    "ttft_ms": "first token ms",
    "decode_avg_ms": "decode step ms",
    "tokens_per_second": "tokens/s",
    "flagged": "flagged",
}


class Medians:
    """Gathers records one by one; only the numbers that it needs."""

    def __init__(self) -> None:
        self._records: dict[tuple, list[Mapping[str, Any]]] = {}
        self._flagged: dict[tuple, int] = {}

    def add(self, record: Mapping[str, Any]) -> None:
        """A finished request."""
        way = tuple(record[name] for name in WAY)
        times = {name: record["timing"][name] for name in TIMES}
        self._records.setdefault(way, []).append(times)
        self._flagged[way] = self._flagged.get(way, 0) + record["residual_flag"]

    def as_plain(self) -> list[dict[str, Any]]:
        """One object a subject, method, runtime and length view; subjects in the order in which they came."""
        subjects = list(dict.fromkeys(way[:2] for way in self._records))
        places = [
            {name: n for n, name in enumerate(table)} for table in (METHODS, RUNTIMES, LENGTH_VIEWS)
        ]

        def place(way: tuple) -> tuple:
            rest = zip(places, way[2:], strict=True)
            return subjects.index(way[:2]), *(found.get(name, len(found)) for found, name in rest)

        ways = sorted(self._records.items(), key=lambda item: place(item[0]))
        return [
            {
                **dict(zip(WAY, way, strict=True)),
                "records": len(records),
                "flagged": self._flagged[way],
                **{name: _median(records, name) for name in TIMES},
            }
            for way, records in ways
        ]


def _median(records: Iterable[Mapping[str, Any]], name: str) -> float | None:
    values = [record[name] for record in records if record[name] is not None]
    return median(values) if values else None


def median_lines(medians: Iterable[Mapping[str, Any]]) -> list[str]:
    """A table of ``Medians.as_plain``; what is the same for all rows and goes without saying is left out."""
    rows = list(medians)
    if not rows:
        return []
    usual = {"runtime": REFERENCE, "length_view": "natural"}
    names = [name for name in WAY if any(row[name] != usual.get(name) for row in rows)]
    table = [
        [*(row[name] for name in names), *(_cell(row[name]) for name in TITLES)] for row in rows
    ]
    header = [*(name.replace("_", " ") for name in names), *TITLES.values()]
    return ["medians:", *aligned([header, *table], right=list(TITLES.values()))]


def say_outcome(run: Mapping[str, Any], output: Path) -> None:
    """The last lines of a command that timed into one file."""
    counts = run["counts"]
    for line in median_lines(run["medians"]):
        say(line)
    say(
        f"{counts['records']} records, {counts['errors']} errors, {counts['flagged']} flagged in {output}"
    )


def _cell(value: float | None) -> str:
    if value is None:
        return "-"
    return str(value) if isinstance(value, int) else f"{value:.4g}"
