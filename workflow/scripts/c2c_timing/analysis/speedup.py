"""Whether C2C pays: its requests against every other method's on the same samples."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..statistics import FEWEST_SAMPLES, ResampledMedian, draws, interval
from .record_lines import CONDITIONS, METHOD_NAMES, SAMPLE

SUBJECT = "c2c"  # the method that the others are compared with
REFERENCES = tuple(method for method in METHOD_NAMES if method != SUBJECT)
COLUMNS = [
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
]


def compare(timings: pd.DataFrame, seed: int = 0) -> pd.DataFrame:
    """How many times faster C2C is, with 95 % intervals: per subject, per data set, and overall.

    ``speedup`` is the geometric mean over samples of (other's total time / C2C's), each ratio between
    two requests of one sample and repeat; ``median_ratio`` is the ratio of the two medians. Above 1
    C2C is faster. Both are resampled by sample, and have no interval where there are fewer than
    ``FEWEST_SAMPLES`` of them. The verdict reads the interval of ``speedup``.
    """
    rows = []
    for conditions, records in timings.groupby(CONDITIONS, sort=True):
        paired = _paired(records)
        scopes = [("overall", ("", ""), paired)] if len(paired) else []
        scopes += [("data set", (name, ""), part) for name, part in paired.groupby("dataset")]
        scopes += [("subject", name, part) for name, part in paired.groupby(["dataset", "subject"])]
        for scope, names, part in scopes:
            for against in REFERENCES:
                both = part[[SUBJECT, against]].dropna() if against in part else part.iloc[:0]
                if len(both):
                    result = _compare_pairs(both, both.index.droplevel("repeat"), seed)
                    rows.append((*conditions, scope, *names, against, *result))
    return pd.DataFrame(rows, columns=COLUMNS)


def _paired(records: pd.DataFrame) -> pd.DataFrame:
    """Total time in ms by sample and repeat (rows) and method (columns), where C2C has a record."""
    table = records.pivot_table(
        index=[*SAMPLE, "repeat"], columns="method", values="total_time_ms", aggfunc="median"
    )
    if SUBJECT not in table:
        return table.iloc[:0]
    return table[table[SUBJECT].notna()]


def _compare_pairs(both: pd.DataFrame, samples: pd.Index, seed: int) -> tuple:
    sample = pd.factorize(samples)[0]
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
    return (
        n,
        len(both),
        np.exp(log_of_sample.mean()),
        np.exp(low),
        np.exp(high),
        verdict(np.exp(low), np.exp(high)),
        np.median(other) / np.median(own),
        median_low,
        median_high,
        np.median(own),
        np.median(other),
    )


def _ends(chunks: list[np.ndarray], samples: int) -> tuple[float, float]:
    return interval(np.concatenate(chunks), samples) if chunks else (np.nan, np.nan)


def verdict(low: float, high: float) -> str:
    """What an interval of a speed-up allows to say of C2C."""
    if low > 1:
        return "faster"
    return "slower" if high < 1 else "not distinguishable"
