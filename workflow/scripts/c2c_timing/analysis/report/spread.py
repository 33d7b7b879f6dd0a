"""How times spread, and how they ran along the run: rows with a picture in a cell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ...statistics import FEWEST_FOR_P90, FEWEST_FOR_P99
from ..columns import CONDITIONS, LENGTHS, SAMPLE, method_title
from ..relative_times import at_one_level, relative_times
from .tables import (
    BY_DATA_SET,
    KEPT_DATASET,
    NAMES,
    Column,
    Table,
    count,
    in_reading_order,
    names,
    number,
    percent,
    table_of,
)

KEYS = [*CONDITIONS, "method"]
BOX = (0.1, 0.25, 0.5, 0.75, 0.9)
SHARES = (0.01, *BOX, 0.99)
# Points of a course: enough to see a drift, few enough to stay a line.
POINTS = 40
# Requests behind each point, at least.
A_POINT = 4
TOKENS = ["prompt_length", "num_generated_tokens", "num_teacher_tokens"]
# Ends of a course's scale: what lies beyond is drawn on its edge.
LOWEST, HIGHEST = 0.8, 1.25


@dataclass(frozen=True)
class Box:
    """A spread as places in percent of a scale that all rows share.

    Attributes:
        has_ends: whether there are enough requests for p10 and p90.
    """

    p10: float
    p25: float
    median: float
    p75: float
    p90: float
    has_ends: bool

    @classmethod
    def of(cls, quantiles: pd.Series, longest: float, requests: int) -> Box:
        """Of a row of quantiles, by share."""
        p10, p25, median, p75, p90 = (quantiles[share] / longest * 100 for share in BOX)
        return cls(p10, p25, median, p75, p90, requests >= FEWEST_FOR_P90)


def spread_table(timings: pd.DataFrame) -> Table:
    """Total time of a request: a row a pair, method, runtime, length and data set."""
    groups = timings.groupby(BY_DATA_SET, sort=True)
    table = groups["total_time_ms"].quantile(SHARES).unstack()
    longest = table[BOX[-1]].max()
    number_of = groups.size()
    boxes = [Box.of(row, longest, number_of[key]) for key, row in table.iterrows()]
    table.columns = [f"p{share * 100:.0f}" for share in table.columns]
    for name, fewest in (("p10", FEWEST_FOR_P90), ("p90", FEWEST_FOR_P90), ("p99", FEWEST_FOR_P99)):
        table[name] = table[name].where(number_of >= fewest)
    table = table.assign(box=boxes, n=number_of, tokens=groups["num_generated_tokens"].median())
    table["prompt"] = groups[LENGTHS[0]].median()
    return table_of(
        in_reading_order(table.reset_index()).to_dict("records"),
        [
            *names("subject", "method", "dataset"),
            KEPT_DATASET,
            NAMES["method"],
            count("n", "requests"),
            count("prompt", "prompt (tokens, median)"),
            count("tokens", "answer (tokens, median)"),
            Column("box", "p10 – p90 of a request", kind="spread"),
            *(number(f"p{share}", _quantile(share), 3) for share in (10, 50, 90, 99)),
        ],
    )


def _quantile(percent: int) -> str:
    return "median (ms)" if percent == 50 else f"p{percent} (ms)"


def course_table(timings: pd.DataFrame) -> Table:
    """Times along the run, relative to what each request should have taken: a row a pair and method."""
    return table_of(
        _courses(timings),
        [
            *names("subject", "method", "dataset"),
            Column("method", "method", method_title, is_kept=True),
            count("n", "requests"),
            Column("course", "along the run: 0.8 to 1.25 times the expected", kind="course"),
            percent("drift", "last third against first"),
            percent("low", "slowest 10 % beyond"),
        ],
    )


def _courses(timings: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """One row for each series with enough requests to have a course."""
    if "started_at" not in timings:
        return
    begun = timings[timings["started_at"].notna()]
    shards = [*KEYS, "dataset", "subject"]
    relative = begun.assign(relative=_relative(begun, shards)).dropna(subset=["relative"])
    for key, rows in relative.groupby(KEYS, sort=True):
        if len(rows) < 2 * A_POINT:
            continue
        values = rows.sort_values("started_at", kind="stable")["relative"].to_numpy(float)
        third = len(values) // 3
        begin, end = np.median(values[:third]), np.median(values[-third:])
        yield dict(zip(KEYS, key, strict=True)) | {
            "n": len(values),
            "course": _points(values),
            "drift": end / begin - 1,
            "low": np.quantile(values, 0.9) - 1 if len(values) >= FEWEST_FOR_P90 else np.nan,
        }


def _relative(records: pd.DataFrame, keys: list[str]) -> np.ndarray:
    """Of each record its time beside what it should have taken, within its shard and method."""
    group = records.groupby(keys, sort=False).ngroup().to_numpy()
    order = np.lexsort((records["started_at"].astype(str).to_numpy(), group))
    inverse = np.empty(len(order), int)
    inverse[order] = np.arange(len(order))
    own = records.iloc[order]
    group = group[order]
    sample = own.assign(group=group).groupby(["group", *SAMPLE], sort=False).ngroup().to_numpy()
    tokens = own[TOKENS].fillna(0).to_numpy(float)
    process = own.get("process", pd.Series(1, own.index)).to_numpy(int)
    times = at_one_level(own["total_time_ms"].to_numpy(float), group, process)
    number_of = int(group.max(initial=-1)) + 1
    return relative_times(times, group, sample, tokens, number_of).times[inverse]


def _points(values: np.ndarray) -> str:
    """Medians of stretches of the run, as the points of an SVG line in a box of 100 by 24."""
    parts = np.array_split(values, max(2, min(POINTS, len(values) // A_POINT)))
    heights = [float(np.clip(np.median(part), LOWEST, HIGHEST)) for part in parts]
    scale = np.log(HIGHEST / LOWEST)
    return " ".join(
        f"{place * 100 / (len(parts) - 1):.1f},{24 - 24 * np.log(height / LOWEST) / scale:.1f}"
        for place, height in enumerate(heights)
    )


def expected_height() -> float:
    """Where 1 lies in the box of a course, in its 24 units."""
    return float(24 - 24 * np.log(1 / LOWEST) / np.log(HIGHEST / LOWEST))


def drifting(summary: pd.DataFrame | None) -> Mapping[str, int]:
    """How many rows of the summary drift, and how many were judged."""
    if summary is None or "drift" not in summary:
        return {}
    judged = summary[summary["drift"].notna()]
    if judged.empty:
        return {}
    return {"judged": len(judged), "drifting": int((judged["quality"] == "drifting").sum())}
