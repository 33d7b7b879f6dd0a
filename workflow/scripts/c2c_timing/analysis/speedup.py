"""Whether C2C pays, and whether another runtime does: requests against requests of the same sample."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ..method_table import METHODS, SUBJECT
from ..runtime_table import REFERENCE, RUNTIMES
from ..statistics import FEWEST_SAMPLES, ResampledMedian, draws, interval
from .columns import CONDITIONS, CONDITIONS_BUT_RUNTIME, SAMPLE, in_order, setup_last

# Of which records a row is.
SCOPES = ("overall", "data set", "subject")
COLUMNS = setup_last(
    [
        *CONDITIONS,
        "scope",
        "dataset",
        "subject",
        "against",
        "num_samples",
        "num_pairs",
        "speedup",
        "speedup_low",
        "speedup_high",
        "verdict",
        "median_ratio",
        "median_ratio_low",
        "median_ratio_high",
        "median_ms",
        "against_median_ms",
        "method",
        "against_runtime",
    ]
)


def compare(timings: pd.DataFrame, seed: int = 0, scopes: Collection[str] = SCOPES) -> pd.DataFrame:
    """How many times faster, with 95 % intervals: per subject, per data set, and overall.

    First C2C against every other method under the same conditions; then every method under each other
    runtime against itself under ``REFERENCE``, all else being equal. A row compares ``method`` under
    ``runtime`` with ``against`` under ``against_runtime``.

    ``speedup`` is the geometric mean over samples of (total time of the one compared with / own total
    time), each ratio between two requests of one sample and repeat; ``median_ratio`` is the ratio of
    the two medians. Above 1 the row's own method and runtime are faster. Both are resampled by sample,
    and have no interval where there are fewer than ``FEWEST_SAMPLES`` of them. The verdict reads the
    interval of ``speedup``.
    """
    rows = [*_methods(timings, seed, scopes), *_runtimes(timings, seed, scopes)]
    return pd.DataFrame(rows, columns=COLUMNS)


def is_across_runtimes(table: pd.DataFrame) -> pd.Series:
    """Which rows of ``compare`` are of two runtimes; none of a table that knows no second runtime."""
    return table.get("against_runtime", table["runtime"]) != table["runtime"]


def _methods(timings: pd.DataFrame, seed: int, scopes: Collection[str]) -> Iterator[dict[str, Any]]:
    """C2C against the other methods."""
    for conditions, records in timings.groupby(CONDITIONS, sort=True):
        known = dict(zip(CONDITIONS, conditions, strict=True))
        pairs = [(SUBJECT, other) for other in METHODS if other != SUBJECT]
        for own, other, numbers in _compared(records, "method", pairs, seed, scopes):
            sides = {"method": own, "against": other, "against_runtime": known["runtime"]}
            yield known | sides | numbers


def _runtimes(
    timings: pd.DataFrame, seed: int, scopes: Collection[str]
) -> Iterator[dict[str, Any]]:
    """Each method under other runtimes against itself under the reference."""
    others = [name for name in in_order(timings["runtime"], RUNTIMES) if name != REFERENCE]
    pairs = [(runtime, REFERENCE) for runtime in others]
    for conditions, alike in timings.groupby(CONDITIONS_BUT_RUNTIME, sort=True):
        known = dict(zip(CONDITIONS_BUT_RUNTIME, conditions, strict=True))
        for method in in_order(alike["method"], METHODS):
            records = alike[alike["method"] == method]
            for own, other, numbers in _compared(records, "runtime", pairs, seed, scopes):
                sides = {"runtime": own, "against_runtime": other}
                yield known | sides | {"method": method, "against": method} | numbers


def _compared(
    records: pd.DataFrame,
    column: str,
    pairs: Sequence[tuple[str, str]],
    seed: int,
    scopes: Collection[str],
) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Own and other value of a column, and the numbers of a row: for each scope, then for each pair."""
    table = records.pivot_table(
        index=[*SAMPLE, "repeat"], columns=column, values="total_time_ms", aggfunc="median"
    )
    for scope, part in _scopes(table, scopes):
        for own, other in pairs:
            if own in part and other in part:
                both = part[[own, other]].dropna()
                if len(both):
                    yield own, other, scope | _compare_pairs(both, seed)


def _scopes(
    table: pd.DataFrame, scopes: Collection[str]
) -> Iterator[tuple[dict[str, str], pd.DataFrame]]:
    """All samples; those of each data set; those of each of its subjects."""
    overall, of_dataset, of_subject = SCOPES
    if overall in scopes:
        yield {"scope": overall, "dataset": "", "subject": ""}, table
    if of_dataset in scopes:
        for dataset, part in table.groupby("dataset"):
            yield {"scope": of_dataset, "dataset": dataset, "subject": ""}, part
    if of_subject in scopes:
        for (dataset, subject), part in table.groupby(["dataset", "subject"]):
            yield {"scope": of_subject, "dataset": dataset, "subject": subject}, part


def _compare_pairs(both: pd.DataFrame, seed: int) -> dict[str, Any]:
    """The numbers of a row, from the two times of every sample and repeat."""
    sample = pd.factorize(both.index.droplevel("repeat"))[0]
    own, other = both.to_numpy(float).T
    logs = np.log(other / own)
    log_of_sample = np.bincount(sample, logs) / np.bincount(sample)
    n = len(log_of_sample)
    own_median, other_median = ResampledMedian(own, sample), ResampledMedian(other, sample)
    means, ratios = [], []
    for counts in draws(n, seed) if n >= FEWEST_SAMPLES else ():
        means.append(counts @ (log_of_sample / n))
        ratios.append(other_median.of(counts) / own_median.of(counts))
    low, high = _ends(means, n)
    median_low, median_high = _ends(ratios, n)
    return {
        "num_samples": n,
        "num_pairs": len(both),
        "speedup": np.exp(log_of_sample.mean()),
        "speedup_low": np.exp(low),
        "speedup_high": np.exp(high),
        "verdict": verdict(np.exp(low), np.exp(high)),
        "median_ratio": np.median(other) / np.median(own),
        "median_ratio_low": median_low,
        "median_ratio_high": median_high,
        "median_ms": np.median(own),
        "against_median_ms": np.median(other),
    }


def _ends(chunks: list[np.ndarray], samples: int) -> tuple[float, float]:
    return interval(np.concatenate(chunks), samples) if chunks else (np.nan, np.nan)


def verdict(low: float, high: float) -> str:
    """What an interval of a speed-up allows to say."""
    if low > 1:
        return "faster"
    return "slower" if high < 1 else "not distinguishable"
