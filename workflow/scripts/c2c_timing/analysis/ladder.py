"""How fast each method is on each runtime, and whether C2C pays there: the ladder of runtimes."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import numpy as np
import pandas as pd

from ..method_table import METHODS
from ..runtime_table import REFERENCE, RUNTIMES
from ..statistics import confidence_at, mean_interval, over_processes
from .break_even import TEXT, break_even_of
from .columns import CONDITIONS, CONDITIONS_BUT_RUNTIME, SAMPLE, in_order, setup_last
from .deciding import MARGIN
from .paired_times import interval_over
from .speedup import SCOPES, compare, is_across_methods, is_across_runtimes

ENDS = ("", "_low", "_high")
REQUEST = [f"request_ms{end}" for end in ENDS]
OVER_REFERENCE = [f"speedup_over_{REFERENCE}{end}" for end in ENDS]
C2C_SPEEDUP = [f"c2c_speedup{end}" for end in ENDS]
BREAK_EVEN = [f"breakeven_message_tokens{end}" for end in ENDS]
COLUMNS = setup_last(
    [
        *CONDITIONS,
        "dataset",
        "method",
        "num_samples",
        "num_requests",
        "interval_over",
        *REQUEST,
        *OVER_REFERENCE,
        *C2C_SPEEDUP,
        "c2c_verdict",
        *BREAK_EVEN,
    ]
)
RUNG = ["runtime", "method"]
OVERALL, BY_DATASET, _ = SCOPES


def ladder(
    timings: pd.DataFrame,
    seed: int = 0,
    margin: float = MARGIN,
    scopes: Collection[str] = (OVERALL, BY_DATASET),
) -> pd.DataFrame:
    """One row per pair, setting, length view, data set, runtime and method; overall under ``""``.

    - ``request_ms``: geometric mean over samples of the total time of a request.
    - ``speedup_over_eager``: how many times faster the method is than under ``REFERENCE``.
    - ``c2c_speedup``, ``c2c_verdict``: of C2C against the row's method, under the row's runtime.
    - ``breakeven_message_tokens``: of C2C against text, in the rows of text-to-text.

    All have 95 % intervals, as ``compare`` and ``break_even`` have them: over samples, and all but the
    break-even's over processes where there are several. Where there is one sample alone they are over
    its repeats (``interval_over``), and know nothing of other samples.
    Empty where no pair ran under several runtimes.

    Args:
        scopes: of ``compare``, those of its first two that are wanted.
    """
    tables = [
        _rungs(records, seed, margin).assign(**known, dataset=dataset)
        for known, dataset, records in _ladders(timings, scopes)
    ]
    return (
        pd.concat(tables, ignore_index=True)[COLUMNS] if tables else pd.DataFrame(columns=COLUMNS)
    )


def c2c_against_methods(speedup: pd.DataFrame) -> pd.DataFrame:
    """Rows of C2C over all samples in a table of ``compare``, in the columns of ``ladder``."""
    rows = speedup[is_across_methods(speedup) & (speedup["scope"] == "overall")]
    names = {"against": "method", "verdict": "c2c_verdict", **_named("c2c_speedup")}
    return rows.drop(columns="method", errors="ignore").rename(columns=names)


def _ladders(
    timings: pd.DataFrame, scopes: Collection[str]
) -> Iterator[tuple[dict[str, str], str, pd.DataFrame]]:
    """What differs in nothing but runtime and method, and has several runtimes."""
    for conditions, alike in timings.groupby(CONDITIONS_BUT_RUNTIME, sort=True):
        known = dict(zip(CONDITIONS_BUT_RUNTIME, conditions, strict=True))
        parts = {"": alike} if OVERALL in scopes else {}
        parts |= dict(list(alike.groupby("dataset"))) if BY_DATASET in scopes else {}
        for dataset, records in parts.items():
            if records["runtime"].nunique() > 1:
                yield known, dataset, records


def _rungs(records: pd.DataFrame, seed: int, margin: float) -> pd.DataFrame:
    """The rows of one ladder, in its order."""
    units, over = _units(records)
    speedup = compare(units, seed, [OVERALL], margin)
    own = speedup[is_across_runtimes(speedup)].rename(columns=_named(f"speedup_over_{REFERENCE}"))
    c2c = c2c_against_methods(speedup)
    return (
        pd.DataFrame(_times(records, units, seed))
        .assign(interval_over=over)
        .merge(own[[*RUNG, *OVER_REFERENCE]], how="left", on=RUNG)
        .merge(c2c[[*RUNG, *C2C_SPEEDUP, "c2c_verdict"]], how="left", on=RUNG)
        .merge(_break_evens(units, seed), how="left", on=RUNG)
    )


def _units(records: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """Records whose samples are what intervals are over, and what that is."""
    processes = records["process"].nunique()
    if len(records[SAMPLE].drop_duplicates()) > 1:
        return records, interval_over(processes)
    ids = records["id"].astype(str) + " " + records["repeat"].astype(str)
    return records.assign(id=ids), interval_over(processes, "repeats")


def _times(records: pd.DataFrame, units: pd.DataFrame, seed: int) -> Iterator[dict]:
    """Counts and request time of each rung."""
    for runtime in in_order(records["runtime"], RUNTIMES):
        for method in in_order(records["method"], METHODS):
            own = (records["runtime"] == runtime) & (records["method"] == method)
            if own.any():
                ends = _geometric_mean(units[own], seed)
                yield {
                    "runtime": runtime,
                    "method": method,
                    "num_samples": len(records.loc[own, SAMPLE].drop_duplicates()),
                    "num_requests": int(own.sum()),
                    **dict(zip(REQUEST, ends, strict=True)),
                }


def _geometric_mean(records: pd.DataFrame, seed: int) -> list[float]:
    """Of the times of requests, over samples; and the ends of its interval."""
    logs = np.log(records["total_time_ms"]).groupby(
        [records[name] for name in (*SAMPLE, "process")]
    )
    cells = logs.mean().unstack().to_numpy(float)
    means = np.nanmean(cells, axis=1)
    confidence = float(confidence_at(records["possible_looks"].max()))
    middle, *ends = np.exp(
        [[means.mean()], *np.transpose([mean_interval(means, seed, confidence)])]
    )
    low, high = over_processes(
        middle, (ends[0], ends[1]), np.exp(np.nanmean(cells, axis=0))[None], confidence
    )
    return [middle[0], low[0], high[0]]


def _break_evens(units: pd.DataFrame, seed: int) -> pd.DataFrame:
    rows = []
    for runtime, records in units.groupby("runtime"):
        if found := break_even_of(records, seed):
            rows.append((runtime, TEXT, *found.tokens))
    return pd.DataFrame(rows, columns=[*RUNG, *BREAK_EVEN])


def _named(name: str) -> dict[str, str]:
    """New names of the speed-up and its interval."""
    return {f"speedup{end}": f"{name}{end}" for end in ENDS}
