"""The first token of every answer, and the first requests of every process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from ...method_table import is_again
from .sources import Run
from .spread import BOX, Box
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
    ratios,
    table_of,
)

COLD = ["pair", "method", "runtime"]
SERIES = ["pair", "dataset", "subject", "method", "runtime", "length_view"]
# Parts of a shard's wall time, and what they are called.
WALLS = {
    "imports": "imports",
    "loading": "loading",
    "preparing": "preparing samples",
    "building": "building",
    "warm_up": "warm-up",
    "requests": "requests",
    "writing": "writing",
    "audit": "audit",
}


def first_token_table(timings: pd.DataFrame) -> Table:
    """Time to the first token: medians and spread, and what share of the request it is."""
    groups = timings.groupby(BY_DATA_SET, sort=True)
    table = groups["ttft_ms"].quantile(BOX).unstack()
    longest = table[BOX[-1]].max()
    table = table.assign(
        box=[Box.of(row, longest) for _, row in table.iterrows()],
        median=table[0.5],
        p90=table[0.9],
        n=groups.size(),
        share=table[0.5] / groups["total_time_ms"].median(),
        tpot=groups["tpot_ms"].median(),
    )
    return table_of(
        in_reading_order(table.reset_index()).to_dict("records"),
        [
            *names("subject", "method", "dataset"),
            KEPT_DATASET,
            NAMES["method"],
            count("n", "requests"),
            Column("box", "p10 – p90", kind="spread"),
            number("median", "first token (median, ms)"),
            number("p90", "p90 (ms)", 3),
            percent("share", "of the median request", 0),
            number("tpot", "each further token (median, ms)", 3),
        ],
    )


def cold_table(runs: Sequence[Run], timings: pd.DataFrame) -> Table:
    """The first request of every method and runtime in a process, beside the same sample timed warm."""
    cold = pd.DataFrame(_cold_requests(runs, _first_records(timings)))
    if cold.empty:
        return table_of([], [])
    rows = [
        dict(zip([*COLD, "after"], key, strict=True))
        | {"n": len(found), "most": found["total_ms"].max()}
        | {name: found[name].median() for name in ("ttft_ms", "total_ms", "warm_ms", "ratio")}
        for key, found in cold.groupby([*COLD, "after"], sort=True)
    ]
    return table_of(
        rows,
        [
            NAMES["pair"],
            NAMES["runtime"],
            Column("method", "method", NAMES["method"].show, is_kept=True),
            Column("after", "first after", is_kept=True),
            count("n", "cold requests"),
            number("ttft_ms", "first token (median, ms)", 3),
            number("total_ms", "cold (median, ms)", 3),
            number("most", "slowest (ms)", 3),
            number("warm_ms", "same sample warm (median, ms)", 3),
            ratios("ratio", "cold / warm (median)"),
        ],
    )


def _first_records(timings: pd.DataFrame) -> dict[tuple, float]:
    """Total time of the first timed request of every shard, method, runtime and length view."""
    if "started_at" not in timings:
        return {}
    first = timings.sort_values("started_at", kind="stable").drop_duplicates(SERIES)
    return dict(
        zip(first[SERIES].itertuples(index=False, name=None), first["total_time_ms"], strict=True)
    )


def _cold_requests(runs: Sequence[Run], warm: dict[tuple, float]) -> Iterator[dict[str, Any]]:
    for run in runs:
        follow = run.get("cold_requests_follow") or {}
        views = (run.get("settings") or {}).get("length_views") or ["natural"]
        for runtime, methods in (run.get("cold_requests_by_runtime") or {}).items():
            for method, timing in methods.items():
                if is_again(method) or not timing or timing.get("total_time_ms") is None:
                    continue
                series = (run["pair"], run.get("dataset"), run.get("subject"), method, runtime)
                # Of several chunks of a subject nobody knows whose first record is the first.
                warm_ms = None if run.get("chunk") else warm.get((*series, views[0]))
                yield {
                    "pair": run["pair"],
                    "runtime": runtime,
                    "method": method,
                    "after": follow.get(runtime, "loading"),
                    "total_ms": timing["total_time_ms"],
                    "ttft_ms": timing.get("ttft_ms"),
                    "warm_ms": warm_ms,
                    "ratio": timing["total_time_ms"] / warm_ms if warm_ms else None,
                }


def wall_table(runs: Sequence[Run]) -> Table:
    """What the processes of the shards spent their time on, in seconds."""
    found = [(run["pair"], run["wall_seconds"]) for run in runs if run.get("wall_seconds")]
    walls = pd.DataFrame([{"pair": pair, **seconds} for pair, seconds in found])
    if walls.empty:
        return table_of([], [])
    parts = [name for name in WALLS if name in walls]
    rows = []
    for pair, own in walls.groupby("pair", sort=True):
        total = own[parts].to_numpy(float).sum()
        rows += [
            {"pair": pair, "part": WALLS[part], "sum": own[part].sum(), "median": own[part].median(),
             "most": own[part].max(), "share": own[part].sum() / total if total else None}
            for part in parts
            if own[part].sum() > 0
        ]  # fmt: skip
    return table_of(
        rows,
        [
            NAMES["pair"],
            Column("part", "spent on", is_kept=True),
            number("sum", "all shards (s)", 3),
            percent("share", "share"),
            number("median", "a shard (median, s)", 3),
            number("most", "longest (s)", 3),
        ],
    )
