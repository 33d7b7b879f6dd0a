"""One row per pair, method, runtime, length view, data set and subject: counts and spread of every key."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import partial

import pandas as pd

from ..method_table import is_again
from ..stages import Stage
from ..statistics import confidence_at, spreads
from .columns import (
    ERROR_COLUMNS,
    IDENTITY,
    SAMPLE,
    SETTING,
    SETUP,
    SHARD,
    SHARES,
    TIMING_KEYS,
    own_peak,
    setup_last,
)
from .quality import NONE_BUSY, judge

KEYS = [*IDENTITY, *SETTING, SETUP]
# How a shard's requests were made: a failure may tell both, either or neither.
WAY = ["method", "runtime"]
LENGTHS = ["prompt_length", "response_length"]


def summarize(
    timings: pd.DataFrame,
    errors: pd.DataFrame,
    throttled: Collection[tuple] = frozenset(),
    busy: Mapping[tuple, str] = NONE_BUSY,
) -> pd.DataFrame:
    """Counts; mean, sample standard deviation, median with its interval, p90 and p99 of each key.

    Records of different devices, dtypes, weights or setups (``analysis.setups``) are never averaged:
    they get rows of their own.
    A failure before any method counts for every method of its shard, and one that names no runtime
    for every runtime. Stages that a method does not have stay empty. ``peak_memory_bytes_max`` is the
    largest peak of any request, ``own_peak_memory_bytes_max`` of what its own runtime needs
    (``columns.own_peak``). Quantiles interpolate linearly, as numpy's do. ``_median_low`` and
    ``_median_high`` are the ends of a 95 % interval over samples, and over processes where there are
    several (``c2c_timing.statistics``).
    ``_share`` is of the time of all records of the row.
    ``quality`` and what it rests on: ``analysis.quality``, which also says what ``throttled`` and
    ``busy`` are.
    """
    groups = timings.groupby(KEYS, dropna=False, sort=True)
    counts = groups.size().rename("count").to_frame()
    counts["samples"] = groups["id"].nunique()
    processes = groups["process"].nunique().rename("processes")
    counts["failed"] = 0
    counts["flagged"] = groups["residual_flag"].sum().astype(int)
    for column in LENGTHS:
        counts[f"{column}_median"] = groups[column].median()
    peak = groups["peak_memory_bytes"].max().astype("Int64").rename("peak_memory_bytes_max")
    parts = [
        counts,
        judge(groups, throttled, busy),
        _accuracy(timings),
        peak,
        *_spread(timings, groups, counts.index),
    ]
    parts += [_own_peak(timings), _shares(groups), processes]
    own = errors[~errors["method"].map(lambda arm: is_again(str(arm))).astype(bool)]
    table = _with_failures(pd.concat(parts, axis=1).reset_index(), own)
    return table.fillna({SETUP: ""})[setup_last(table.columns)]


def _shares(groups: pd.api.typing.DataFrameGroupBy) -> pd.DataFrame:
    """Of all time of the records, what each stage has; empty of stages that they lack."""
    times = groups[[stage.key for stage in Stage]].sum(min_count=1)
    shares = times.div(groups["total_time_ms"].sum(), axis=0)
    return shares.rename(columns={stage.key: SHARES[stage] for stage in Stage})


def _own_peak(timings: pd.DataFrame) -> pd.Series:
    own = own_peak(timings)
    groups = own.groupby([timings[key] for key in KEYS], dropna=False, sort=True)
    return groups.max().astype("Int64").rename("own_peak_memory_bytes_max")


def _spread(
    timings: pd.DataFrame, groups: pd.api.typing.DataFrameGroupBy, index: pd.Index
) -> list[pd.DataFrame]:
    group = groups.ngroup().to_numpy()
    # Samples of a group: no two groups have the same one.
    sample = timings.assign(group=group).groupby(["group", *SAMPLE], sort=False).ngroup().to_numpy()
    process = timings["process"].to_numpy(int)
    confidence = confidence_at(groups["possible_looks"].max().to_numpy(float))
    spread = partial(
        spreads, group=group, sample=sample, groups=len(index), process=process,
        confidence=confidence,
    )  # fmt: skip
    return [
        pd.DataFrame(spread(timings[key].to_numpy(float)), index).add_prefix(f"{key}_")
        for key in TIMING_KEYS
    ]


def _accuracy(timings: pd.DataFrame) -> pd.DataFrame:
    """Of the records whose answer could be judged: how many are right, and what a right one costs."""
    judged = timings[timings["correct"].notna()]
    groups = judged.groupby(KEYS, dropna=False, sort=True)
    table = groups.size().rename("judged").to_frame()
    right = groups["correct"].sum().astype(int)
    table["accuracy"] = right / table["judged"]
    seconds = groups["total_time_ms"].sum() / 1e3
    table["seconds_per_correct_answer"] = seconds / right.where(right > 0)
    return table


def _with_failures(summary: pd.DataFrame, errors: pd.DataFrame) -> pd.DataFrame:
    """The summary with its failures counted; what failed and has no record gets a row with count 0."""
    lost: list[dict] = []
    for shard, failed in errors.reindex(columns=ERROR_COLUMNS).groupby(SHARD):
        names = dict(zip(SHARD, shard, strict=True))
        same = (summary[SHARD] == pd.Series(names)).all(axis=1)
        failures = list(map(tuple, failed[WAY].to_numpy()))
        ways = list(map(tuple, summary.loc[same, WAY].to_numpy()))
        for place, way in zip(summary.index[same], ways, strict=True):
            summary.loc[place, "failed"] = _number_of(failures, way)
        # The most precise first: what tells less may be counted in its row.
        for failure in sorted(failures, key=lambda failure: sum(map(pd.isna, failure))):
            if not any(_concerns(failure, way) for way in ways):
                ways.append(failure)
                number = _number_of(failures, failure)
                told = dict(zip(WAY, failure, strict=True))
                lost.append(names | told | {"count": 0, "failed": number})
    return pd.concat([summary, pd.DataFrame(lost)], ignore_index=True) if lost else summary


def _number_of(failures: list[tuple], way: tuple) -> int:
    return sum(_concerns(failure, way) for failure in failures)


def _concerns(failure: tuple, way: tuple) -> bool:
    """Whether a failure is one of this method and runtime; what it does not tell may be any."""
    return all(pd.isna(told) or told == own for told, own in zip(failure, way, strict=True))
