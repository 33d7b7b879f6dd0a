"""Whether C2C pays, and whether another runtime does: requests against requests of the same sample."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ..method_table import METHODS, SUBJECT, again, is_again
from ..runtime_table import REFERENCE, RUNTIMES
from ..statistics import confidence_at
from .columns import CONDITIONS, CONDITIONS_BUT_RUNTIME, SAMPLE, in_order, setup_last
from .deciding import MARGIN
from .length_split import Side, at_equal_length
from .paired_times import Pairs, compare_pairs
from .resolution import is_of_second_arm

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
        "samples_to_decide",
        "method_speedup",
        "method_speedup_low",
        "method_speedup_high",
        "length_speedup",
        "length_speedup_low",
        "length_speedup_high",
        "processes",
        "interval_over",
        "confidence",
    ]
)


# What a row is of, and the times that it compares.
Row = tuple[dict[str, Any], Pairs]


def compare(
    timings: pd.DataFrame,
    seed: int = 0,
    scopes: Collection[str] = SCOPES,
    margin: float = MARGIN,
) -> pd.DataFrame:
    """How many times faster, with 95 % intervals: per subject, per data set, and overall.

    First C2C against every other method under the same conditions; then every method under each other
    runtime against itself under ``REFERENCE``, all else being equal. A row compares ``method`` under
    ``runtime`` with ``against`` under ``against_runtime``.

    ``speedup`` is the geometric mean over samples of (total time of the one compared with / own total
    time), each ratio between two requests of one sample and repeat; ``median_ratio`` is the ratio of
    the two medians. Above 1 the row's own method and runtime are faster. Both are resampled by sample,
    and have no interval where there are fewer than ``FEWEST_SAMPLES`` of them. Where several processes
    timed the samples, intervals are over processes, too (``c2c_timing.statistics``); of one process
    they know nothing of others. The verdict reads the interval of ``speedup`` (``deciding.verdict``);
    where that decides nothing, ``samples_to_decide`` says how many samples would.

    At natural length ``speedup`` is ``method_speedup`` (the time saved at equal length) times
    ``length_speedup`` (what a shorter or longer answer saved); see ``length_split``.

    Last comes a method against its own second arm, where there is one (``resolution``).
    """
    rows = [
        *_methods(timings, scopes),
        *_runtimes(timings, scopes),
        *_second_arms(timings, scopes),
    ]
    numbers = compare_pairs([pairs for _, pairs in rows], seed, margin)
    table = [known | own for (known, _), own in zip(rows, numbers, strict=True)]
    return pd.DataFrame(table, columns=COLUMNS)


def is_across_runtimes(table: pd.DataFrame) -> pd.Series:
    """Which rows of ``compare`` are of two runtimes; none of a table that knows no second runtime."""
    return table.get("against_runtime", table["runtime"]) != table["runtime"]


def is_across_methods(table: pd.DataFrame) -> pd.Series:
    """Which rows are of two methods: not of runtimes, nor of a method against its own second arm."""
    return ~is_across_runtimes(table) & ~is_of_second_arm(table)


def _methods(timings: pd.DataFrame, scopes: Collection[str]) -> Iterator[Row]:
    """C2C against the other methods."""
    for conditions, records in timings.groupby(CONDITIONS, sort=True):
        known = dict(zip(CONDITIONS, conditions, strict=True))
        sides = [(SUBJECT, other) for other in METHODS if other != SUBJECT]
        for own, other, scope, pairs in _compared(records, "method", sides, scopes):
            named = {"method": own, "against": other, "against_runtime": known["runtime"]}
            yield known | named | scope, pairs


def _runtimes(timings: pd.DataFrame, scopes: Collection[str]) -> Iterator[Row]:
    """Each method under other runtimes against itself under the reference."""
    others = [name for name in in_order(timings["runtime"], RUNTIMES) if name != REFERENCE]
    sides = [(runtime, REFERENCE) for runtime in others]
    for conditions, alike in timings.groupby(CONDITIONS_BUT_RUNTIME, sort=True):
        known = dict(zip(CONDITIONS_BUT_RUNTIME, conditions, strict=True))
        methods = {method for method in alike["method"].unique() if not is_again(method)}
        for method in in_order(methods, METHODS):
            records = alike[alike["method"] == method]
            for own, other, scope, pairs in _compared(records, "runtime", sides, scopes):
                named = {"runtime": own, "against_runtime": other}
                yield known | named | {"method": method, "against": method} | scope, pairs


def _second_arms(timings: pd.DataFrame, scopes: Collection[str]) -> Iterator[Row]:
    """A method against itself under its other name."""
    arms = set(timings["method"].unique())
    sides = [(method, again(method)) for method in in_order(arms, METHODS) if again(method) in arms]
    if not sides:
        return
    for conditions, records in timings.groupby(CONDITIONS, sort=True):
        known = dict(zip(CONDITIONS, conditions, strict=True))
        for own, other, scope, pairs in _compared(records, "method", sides, scopes):
            named = {"method": own, "against": other, "against_runtime": known["runtime"]}
            yield known | named | scope, pairs


def _compared(
    records: pd.DataFrame,
    column: str,
    sides: Sequence[tuple[str, str]],
    scopes: Collection[str],
) -> Iterator[tuple[str, str, dict[str, str], Pairs]]:
    """Own and other value of a column, scope and times: for each scope, then for each two sides."""
    known = [name for name in Side._fields if name in records and records[name].notna().any()]
    table = records.pivot_table(
        index=[*SAMPLE, "process", "repeat"], columns=column, values=known, aggfunc="median"
    )
    requests = {
        name: Side.of({key: table[key].get(name) for key in known}, len(table))
        for name in table["total_time_ms"]
    }
    # At a fixed length there is nothing to be split.
    is_natural = (records["length_view"] == "natural").all()
    confidence = float(confidence_at(records["possible_looks"].max()))
    process = table.index.get_level_values("process").to_numpy()
    sample = table.groupby(level=SAMPLE).ngroup().to_numpy()
    for scope, rows in _scopes(table.index, scopes):
        for own, other in sides:
            if own in requests and other in requests:
                one, two = requests[own].at(rows), requests[other].at(rows)
                pairs = Pairs.of(
                    one.total_time_ms,
                    two.total_time_ms,
                    sample[rows],
                    process[rows],
                    at_equal_length(one, two) if is_natural else None,
                    confidence,
                )
                if len(pairs.own):
                    yield own, other, scope, pairs


def _scopes(
    index: pd.MultiIndex, scopes: Collection[str]
) -> Iterator[tuple[dict[str, str], slice]]:
    """All rows of a sorted table of samples; those of each data set; those of each of its subjects."""
    overall, of_dataset, of_subject = SCOPES
    if overall in scopes:
        yield {"scope": overall, "dataset": "", "subject": ""}, slice(None)
    names = index.to_frame(index=False)[["dataset", "subject"]]
    for scope, keys in ((of_dataset, ["dataset"]), (of_subject, ["dataset", "subject"])):
        if scope in scopes:
            begins = np.flatnonzero(~names.duplicated(keys))
            firsts = names.iloc[begins][keys].to_dict("records")
            for first, begin, end in zip(firsts, begins, [*begins[1:], len(names)], strict=True):
                yield {"scope": scope, "subject": "", **first}, slice(begin, end)
