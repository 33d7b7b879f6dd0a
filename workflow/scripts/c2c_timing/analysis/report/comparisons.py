"""What pays: C2C by data set, runtimes, break-even, and where to work first; as tables and sentences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from ...runtime_table import REFERENCE
from ...stages import Stage
from ..columns import CONDITIONS, IDENTITY, SETTING, SETUP, method_title
from ..speedup import is_across_methods, is_across_runtimes
from .tables import (
    BY_DATA_SET,
    KEPT_DATASET,
    NAMES,
    Column,
    Table,
    count,
    in_reading_order,
    interval,
    names,
    number,
    percent,
    ratios,
    table_of,
)

EVERY_DATA_SET = "all"


def method_table(speedup: pd.DataFrame) -> Table:
    """C2C against every other method: overall and by data set."""
    rows = _shown(speedup[is_across_methods(speedup)])
    return _speedups(rows, Column("against", "against", method_title, is_kept=True), "C2C is")


def runtime_table(speedup: pd.DataFrame) -> Table:
    """Every method under other runtimes against itself under the reference."""
    rows = _shown(speedup[is_across_runtimes(speedup)])
    return _speedups(rows, NAMES["method"], "it is", NAMES["method"], NAMES["runtime"])


def _shown(speedup: pd.DataFrame) -> list[dict[str, Any]]:
    rows = speedup[speedup["scope"] != "subject"].to_dict("records")
    for row in rows:
        row["dataset"] = EVERY_DATA_SET if row["scope"] == "overall" else row["dataset"]
        row["interval"] = _interval(row, "speedup")
    return rows


def _interval(row: Mapping[str, Any], name: str) -> str:
    return interval(row[f"{name}_low"], row[f"{name}_high"])


def _speedups(rows: list[dict[str, Any]], against: Column, verdict_of: str, *kept: Column) -> Table:
    named = [NAMES[name] for name in CONDITIONS if NAMES[name] not in kept]
    return table_of(
        rows,
        [
            *named,
            KEPT_DATASET,
            *(Column(c.name, c.title, c.show, is_kept=True) for c in kept or [against]),
            count("num_samples", "samples"),
            ratios("speedup", "speed-up"),
            Column("interval", "interval", is_kept=True),
            Column("verdict", verdict_of, kind="verdict"),
            count("samples_to_decide", "samples that would decide"),
            number("median_ms", "own median (ms)"),
            number("against_median_ms", "other's median (ms)"),
        ],
    )


def break_even_table(breakeven: pd.DataFrame) -> Table:
    """From which message on the cache is cheaper than text: overall and by data set."""
    rows = breakeven.fillna({"dataset": ""}).to_dict("records")
    for row in rows:
        row["dataset"] = row["dataset"] or EVERY_DATA_SET
        row["interval"] = _tokens(row)
        point = row["breakeven_message_tokens"]
        row["tokens"] = None if pd.isna(point) else max(point, 0)
    return table_of(
        rows,
        [
            *(NAMES[name] for name in CONDITIONS),
            KEPT_DATASET,
            count("num_samples", "samples"),
            count("prompt_tokens", "prompt (tokens, median)"),
            count("message_tokens_seen", "message seen (tokens, median)"),
            count("tokens", "break-even (message tokens)"),
            Column("interval", "interval", is_kept=True),
            Column("finding", "finding", is_kept=True, is_long=True),
        ],
    )


def _tokens(row: Mapping[str, Any]) -> str:
    low, high = (row[f"breakeven_message_tokens_{end}"] for end in ("low", "high"))
    return "" if pd.isna(low) else f"{max(low, 0):.0f} – {max(high, 0):.0f}"


def ladder_table(ladder: pd.DataFrame) -> Table:
    """Every method on every runtime, over all data sets."""
    rows = ladder[ladder["dataset"].fillna("") == ""].to_dict("records")
    for row in rows:
        row["request"] = _interval(row, "request_ms")
        row["over"] = row.get(f"speedup_over_{REFERENCE}")
    return table_of(
        rows,
        [
            *(NAMES[name] for name in CONDITIONS if name != "runtime"),
            Column("runtime", "runtime", is_kept=True),
            Column("method", "method", method_title, is_kept=True),
            count("num_requests", "requests"),
            number("request_ms", "request (geometric mean, ms)"),
            Column("request", "interval", is_kept=True),
            ratios("over", f"speed-up over {REFERENCE}"),
            ratios("c2c_speedup", "speed-up of C2C over it"),
            Column("c2c_verdict", "C2C is", kind="verdict"),
        ],
    )


def bottleneck_table(bottlenecks: pd.DataFrame) -> Table:
    """Every stage beside its floor, the largest saving first."""
    labels = {stage.value: stage.label for stage in Stage}
    return table_of(
        bottlenecks.to_dict("records"),
        [
            *(NAMES[n] for n in (*IDENTITY, *SETTING, SETUP) if n not in ("subject", "dataset")),
            KEPT_DATASET,
            Column("stage", "stage", lambda name: labels.get(name, name), is_kept=True),
            percent("share", "share of all time"),
            number("median_ms", "median (ms)", 3),
            number("floor_ms", "floor (median, ms)", 3),
            ratios("time_over_floor", "time / floor"),
            Column("bound_by", "bound by", is_kept=True),
            number("saved_s_at_twice_floor", "saved at twice the floor (s)", 3),
        ],
    )


def median_table(timings: pd.DataFrame, columns: Mapping[str, str]) -> Table:
    """Medians over all requests of a data set."""
    groups = timings.groupby(BY_DATA_SET, sort=True)
    table = groups[list(columns)].median().assign(n=groups.size()).reset_index()
    return table_of(
        in_reading_order(table).to_dict("records"),
        [
            *names("subject", "dataset", "method"),
            KEPT_DATASET,
            NAMES["method"],
            count("n", "requests"),
            *(number(name, title) for name, title in columns.items()),
        ],
    )
