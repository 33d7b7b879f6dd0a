"""The first token of every answer, and the first requests of every process."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from ...runtime_table import REFERENCE
from ...statistics import FEWEST_FOR_P90
from ..columns import SETTING, SETUP
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
    number_of = groups.size()
    table = table.assign(
        box=[Box.of(row, longest, number_of[key]) for key, row in table.iterrows()],
        median=table[0.5],
        p90=table[0.9].where(number_of >= FEWEST_FOR_P90),
        n=number_of,
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


def cold_table(coldstart: pd.DataFrame | None) -> Table:
    """The first request of every method and runtime in a process, beside the same sample timed warm."""
    return table_of(
        [] if coldstart is None else coldstart.to_dict("records"),
        [
            NAMES["pair"],
            NAMES["runtime"],
            *(NAMES[name] for name in (*SETTING, SETUP)),
            Column("method", "method", NAMES["method"].show, is_kept=True),
            Column("first_after", "first after", is_kept=True),
            count("num_cold_requests", "cold requests"),
            number("imports_s", "imports (median, s)", 3),
            number("loading_s", "loading (median, s)", 3),
            number("building_s", "building (s)", 3),
            number("cold_first_token_ms", "first token (median, ms)", 3),
            number("cold_ms", "cold (median, ms)", 3),
            number("cold_ms_max", "slowest (ms)", 3),
            number("warm_ms", "same sample warm (median, ms)", 3),
            ratios("cold_over_warm", "cold / warm (median)"),
            number("startup_in_requests", "beginning (warm requests)", 3),
            Column("finding", f"against {REFERENCE}"),
        ],
    )


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
