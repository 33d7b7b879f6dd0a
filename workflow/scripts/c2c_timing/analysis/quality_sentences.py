"""What is said of a summary's quality, first of all: in the report, in logs and where a run ends.

Rows are plain: the end of a run reads them from ``summary.tsv``, and waits for no pandas.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from .columns import IDENTITY, SETTING, SETUP

OK = "ok"
UNJUDGED = "unjudged"
# One request in a hundred may meet an interrupt, not more.
MOST_FLAGGED = 0.01


def quality_sentences(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """The verdict, which rows should not be believed and why, and how many records are flagged.

    Args:
        rows: of the summary.
    """
    rows = _with_records(rows)
    sentences = [verdict(rows)]
    sentences += [
        f"{_name_of(row)}: {row['quality']}; {row['quality_advice']}."
        for row in rows
        if row["quality"] not in (OK, UNJUDGED)
    ]
    share = sum(float(row["flagged"]) for row in rows) / max(sum(map(_count, rows)), 1)
    if share > MOST_FLAGGED:
        sentences.append(
            f"{share:.1%} of all records are flagged: their stages do not add up to the wall time."
        )
    return sentences


def verdict(rows: Iterable[Mapping[str, Any]]) -> str:
    """How many rows of a summary are not ok, by their marks, and how many are unjudged."""
    rows = _with_records(rows)
    marks = Counter(row["quality"] for row in rows)
    unjudged = marks.pop(UNJUDGED, 0)
    good = marks.pop(OK, 0)
    if good == len(rows):
        return f"All {good} rows of the summary are ok."
    parts = []
    if marks:
        found = ", ".join(f"{number} {mark}" for mark, number in marks.most_common())
        parts.append(f"{marks.total()} of {len(rows)} rows of the summary are not ok ({found})")
    if unjudged:
        whole = "" if marks else " rows of the summary"
        parts.append(f"{unjudged} of {len(rows)}{whole} are unjudged (too few requests)")
    return f"{'; '.join(parts)}; {good or 'none'} {'is' if good == 1 else 'are'} ok."


def quality_lines(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """The verdict on the rows of a summary, and of every mark what it means; empty without records."""
    rows = _with_records(rows)
    if not rows:
        return []
    # The first row of a mark tells of the others.
    advice = {row["quality"]: row["quality_advice"] for row in reversed(rows)}
    return [
        f"quality: {verdict(rows)}",
        *(f"  {mark}: {why}" for mark, why in sorted(advice.items()) if mark != OK),
    ]


def _name_of(row: Mapping[str, Any]) -> str:
    names = [str(row[name]) for name in [*IDENTITY, *SETTING]]
    return ", ".join([*names, row[SETUP]] if row.get(SETUP) else names)


def _with_records(rows: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [row for row in rows if _count(row) > 0]


def _count(row: Mapping[str, Any]) -> float:
    count = float(row["count"])
    return 0 if math.isnan(count) else count
