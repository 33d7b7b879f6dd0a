"""What it costs to begin: imports, loading, building, the first request; and after how many it has paid.

A method's first request in a process is kept apart from records (``cold_requests_by_runtime`` of
``_run.json``). What it follows differs: the loading of the pair, the building of what a runtime captures
or compiles, or another shard that the same process timed before. Each has rows of its own.

``startup_in_requests`` says what the beginning costs, in warm requests.

**Paid.** A runtime that builds is slower to begin than ``REFERENCE``, and faster afterwards. Of both the
imports and the loading are the same. So it has paid after
(building + excess of its first request - excess of the reference's) / (time saved a request) requests,
the excess being cold - warm, the time saved a mean over the requests that both made of the same
samples. What a runtime builds serves all methods of the process; each row is charged with all of it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from ..method_table import METHODS, is_again
from ..runtime_table import REFERENCE, RUNTIMES
from .columns import SAMPLE, SETTING, SETUP, in_order, setup_last
from .setups import setups

Run = Mapping[str, Any]

BUILDING, ANOTHER_SHARD = "building", "another shard"
# What shares its loading.
LOADED = ["pair", *SETTING, SETUP]
ROW = [*LOADED, "method", "runtime", "first_after"]
SERIES = ["pair", "dataset", "subject", "process", "method", "runtime", "length_view"]
COLUMNS = setup_last([
    *("pair", "method", "runtime", *SETTING, "first_after", "num_cold_requests"),
    *("imports_s", "loading_s", "building_s"),
    *("cold_first_token_ms", "cold_ms", "cold_ms_max", "warm_ms", "cold_over_warm"),
    "startup_in_requests",
    *("saved_ms_per_request", "pays_after_requests", "finding", SETUP),
])  # fmt: skip


def cold_start(runs: Sequence[Run], timings: pd.DataFrame) -> pd.DataFrame:
    """``COLUMNS``: one row a pair, setting, method, runtime and what the first request came after.

    Args:
        runs: what shards wrote down, with ``model_config`` and ``runtimes``.
        timings: their records.
    """
    named = _with_setups(_of_processes(runs))
    cold = pd.DataFrame(_cold_requests(named, _first_records(timings)))
    if cold.empty:
        return pd.DataFrame(columns=COLUMNS)
    starts, saved = _starts(named), _saved(timings)
    rows = []
    for key, found in cold.groupby(ROW, sort=True, dropna=False):
        known = dict(zip(ROW, key, strict=True))
        place = key[: len(LOADED)]
        row = known | {
            "num_cold_requests": len(found),
            "cold_first_token_ms": found["ttft_ms"].median(),
            "cold_ms": found["total_ms"].median(),
            "cold_ms_max": found["total_ms"].max(),
            "warm_ms": found["warm_ms"].median(),
            "cold_over_warm": (found["total_ms"] / found["warm_ms"]).median(),
            "saved_ms_per_request": saved.get((*place, known["method"], known["runtime"])),
        }
        if known["first_after"] != ANOTHER_SHARD:
            row |= starts.get((*place, known["runtime"]), {})
            row["startup_in_requests"] = _startup_ms(row) / row["warm_ms"]
        rows.append(row)
    table = pd.DataFrame(_with_payback(rows), columns=COLUMNS)
    return _in_order(table)


def _of_processes(runs: Iterable[Run]) -> Iterator[Run]:
    """A run for each process that timed a shard: all of them begin."""
    for run in runs:
        for number, own in enumerate(run.get("processes") or [{}], start=1):
            yield {**run, "process": number, **own}


def _with_setups(runs: Iterable[Run]) -> list[tuple[dict[str, Any], Run]]:
    """Each run with its values of ``LOADED``."""
    known = [run for run in runs if run.get("model_config")]
    if not known:
        return []
    table = pd.DataFrame(
        {"pair": run["pair"]} | {f"model_config.{k}": v for k, v in run["model_config"].items()}
        for run in known
    )
    table = table.assign(**{SETUP: setups(table)}).reindex(columns=LOADED)
    return list(zip(table.to_dict("records"), known, strict=True))


def _first_records(timings: pd.DataFrame) -> dict[tuple, float]:
    """Total time of the first timed request of every shard, method, runtime and length view."""
    if "started_at" not in timings:
        return {}
    first = timings.sort_values("started_at", kind="stable").drop_duplicates(SERIES)
    return dict(
        zip(first[SERIES].itertuples(index=False, name=None), first["total_time_ms"], strict=True)
    )


def _cold_requests(
    named: Iterable[tuple[dict[str, Any], Run]], warm: Mapping[tuple, float]
) -> Iterator[dict[str, Any]]:
    for known, run in named:
        follow = run.get("cold_requests_follow") or {}
        views = (run.get("settings") or {}).get("length_views") or ["natural"]
        for runtime, methods in (run.get("cold_requests_by_runtime") or {}).items():
            for method, timing in methods.items():
                if is_again(method) or not timing or timing.get("total_time_ms") is None:
                    continue
                shard = (run["pair"], run.get("dataset"), run.get("subject"), run["process"])
                series = (*shard, method, runtime)
                # Of several chunks of a subject nobody knows whose first record is the first.
                warm_ms = None if run.get("chunk") else warm.get((*series, views[0]))
                yield known | {
                    "runtime": runtime,
                    "method": method,
                    "first_after": follow.get(runtime, "loading"),
                    "total_ms": timing["total_time_ms"],
                    "ttft_ms": timing.get("ttft_ms", math.nan),
                    "warm_ms": math.nan if warm_ms is None else warm_ms,
                }


def _starts(named: Iterable[tuple[dict[str, Any], Run]]) -> dict[tuple, dict[str, float]]:
    """Seconds of imports, loading and building, by ``LOADED`` and runtime."""
    loads, built = [], []
    for known, run in named:
        seconds = run.get("wall_seconds") or {}
        # Neither found the pair loaded, nor follows another shard of the command that loaded it.
        if not run.get("is_warm") and "loading" in seconds:
            parts = {f"{name}_s": seconds.get(name, math.nan) for name in ("imports", "loading")}
            loads.append(known | parts)
        for runtime, spent in (run.get("runtimes") or {}).items():
            whole = sum(amount for name, amount in spent.items() if name.endswith("_seconds"))
            built.append(known | {"runtime": runtime, "building_s": whole})
    if not loads or not built:
        return {}
    by_load = pd.DataFrame(loads).groupby(LOADED, dropna=False)
    medians, number = by_load.median(numeric_only=True), by_load.size()
    sums = pd.DataFrame(built).groupby([*LOADED, "runtime"], dropna=False)["building_s"].sum()
    return {
        key: {**medians.loc[key[:-1]].to_dict(), "building_s": whole / number[key[:-1]]}
        for key, whole in sums.items()
        if key[:-1] in number.index
    }


def _saved(timings: pd.DataFrame) -> dict[tuple, float]:
    """Mean ms that a request takes less than under ``REFERENCE``, by ``LOADED``, method, runtime."""
    found = {}
    for key, records in timings.groupby([*LOADED, "method"], sort=False, dropna=False):
        table = records.pivot_table(
            index=[*SAMPLE, "repeat", "length_view"], columns="runtime", values="total_time_ms",
            aggfunc="median",
        )  # fmt: skip
        if REFERENCE in table:
            for runtime in table.columns.drop(REFERENCE):
                found[(*key, runtime)] = (table[REFERENCE] - table[runtime]).mean()
    return found


def _startup_ms(row: Mapping[str, Any]) -> float:
    """All that a first request waits for, and how much longer it takes than a warm one."""
    seconds = sum(row.get(name, math.nan) for name in ("imports_s", "loading_s", "building_s"))
    return seconds * 1e3 + row["cold_ms"] - row["warm_ms"]


def _with_payback(rows: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """When each runtime has paid for its beginning, beside the reference's."""
    excess: dict[tuple, float] = {}
    for row in rows:
        if row["runtime"] == REFERENCE and row["first_after"] != ANOTHER_SHARD:
            excess[_beside(row)] = row["cold_ms"] - row["warm_ms"]
    for row in rows:
        saved = row["saved_ms_per_request"]
        if saved is None or row["first_after"] == ANOTHER_SHARD or _beside(row) not in excess:
            yield row
            continue
        own = row["cold_ms"] - row["warm_ms"] - excess[_beside(row)]
        price = row.get("building_s", math.nan) * 1e3 + own
        yield row | _payback(price, saved)


def _beside(row: Mapping[str, Any]) -> tuple:
    return tuple(row[name] for name in (*LOADED, "method"))


def _payback(price_ms: float, saved_ms: float) -> dict[str, Any]:
    """The number of requests, and the finding in words."""
    if math.isnan(price_ms) or math.isnan(saved_ms):
        return {}
    if price_ms <= 0 and saved_ms >= 0:
        return {"pays_after_requests": 0, "finding": "begins no later, and pays at once"}
    if saved_ms <= 0:
        return {"finding": f"never pays: a request is no faster than under {REFERENCE}"}
    number = math.ceil(price_ms / saved_ms)
    return {"pays_after_requests": number, "finding": f"pays after {number} requests"}


def _in_order(table: pd.DataFrame) -> pd.DataFrame:
    ranks = {"method": list(METHODS), "runtime": list(RUNTIMES)}

    def places(column: pd.Series) -> pd.Series:
        if column.name not in ranks:
            return column
        order = in_order(column, ranks[str(column.name)])
        return column.map({name: place for place, name in enumerate(order)})

    keys = ["pair", *SETTING, SETUP, "method", "runtime", "first_after"]
    return table.sort_values(keys, key=places, kind="stable", ignore_index=True)


def sentences(table: pd.DataFrame) -> list[str]:
    """When runtimes have paid for what they build, one sentence each."""
    rows = table[table["finding"].notna()].to_dict("records")
    return [f"{row['pair']}, {row['method']}, {row['runtime']}: {row['finding']}" for row in rows]
