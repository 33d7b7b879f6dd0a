"""One row per pair, method, runtime, data set and subject: counts, and the spread of every key."""

from __future__ import annotations

import pandas as pd

from .records import IDENTITY, SETTING, TIMING_KEYS

KEYS = [*IDENTITY, *SETTING]


def summarize(timings: pd.DataFrame, errors: pd.DataFrame) -> pd.DataFrame:
    """Counts, then mean, sample standard deviation, median, p90 and p99 of each timing key.

    Records of different devices, dtypes or weights are never averaged: they get rows of their own.
    A failure before any method counts for every method of its shard. Stages that a method does not
    have stay empty. Quantiles interpolate linearly, as numpy's do.
    """
    groups = timings.groupby(KEYS, dropna=False, sort=True)
    table = groups.size().rename("count").to_frame()
    table["failed"] = 0
    table["flagged"] = groups["residual_flag"].sum().astype(int)
    for column in ("prompt_length", "response_length"):
        table[f"{column}_median"] = groups[column].median()
    parts = [table]
    for key in TIMING_KEYS:
        values = groups[key]
        parts.append(
            pd.DataFrame(
                {
                    f"{key}_mean": values.mean(),
                    f"{key}_std": values.std(ddof=1),
                    f"{key}_median": values.median(),
                    f"{key}_p90": values.quantile(0.9),
                    f"{key}_p99": values.quantile(0.99),
                }
            )
        )
    summary = pd.concat(parts, axis=1).reset_index()
    return _with_failures(summary, errors)


def _with_failures(summary: pd.DataFrame, errors: pd.DataFrame) -> pd.DataFrame:
    shard = ["pair", "dataset", "subject"]
    for values, failed in errors.groupby(shard):
        same = (summary[shard] == pd.Series(dict(zip(shard, values, strict=True)))).all(axis=1)
        everyone = int(failed["method"].isna().sum())
        own = failed["method"].value_counts()
        summary.loc[same, "failed"] = (
            summary.loc[same, "method"].map(own).fillna(0).astype(int) + everyone
        )
        known = set(summary.loc[same, "method"])
        rows = [
            {"method": method, "count": 0, "failed": int(number) + everyone}
            for method, number in own.items()
            if method not in known
        ]
        if not known and not rows:
            rows = [{"count": 0, "failed": everyone}]
        if rows:
            lost = pd.DataFrame(rows).assign(**dict(zip(shard, values, strict=True)))
            summary = pd.concat([summary, lost], ignore_index=True)
    return summary
