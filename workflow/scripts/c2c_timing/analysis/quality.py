"""Whether a row of the summary should be believed, and what to do where it should not.

All numbers are of ``total_time_ms`` relative to what each request should have taken
(``analysis.relative_times``), so that prompts of different lengths look neither like spread nor like
drift. Spread and outliers take 8 requests, drift 8 visits to samples (the repeats of a sample are one):
for which there are too few stays empty, and the row is ``unjudged`` unless something else speaks
against it.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping

import numpy as np
import pandas as pd

from ..statistics import Ordered
from .columns import SETTING
from .quality_sentences import MOST_FLAGGED, OK, UNJUDGED
from .relative_times import Relative, at_one_level, medians_of, relative_times
from .trends import trends

COLUMNS = ["quality", "quality_advice", "variation", "drift", "outlier_share", "flagged_share"]
# The worst first: stages that do not add up mislead at any speed; a throttled device and other work on
# the machine explain drift and spread; a drift moves the median itself; spread only makes it less
# sharp. What cannot be told comes last.
MARKS = ("residual", "throttled", "busy", "drifting", "unstable", UNJUDGED)

# Spread from which pyperf, too, calls a benchmark unstable.
MOST_VARIATION = 0.10
# From the first third of the run to the last: below it, not worth the reruns.
MOST_DRIFT = 0.05
# A median hardly moves for less; a single outlier is an accident.
MOST_OUTLIERS = 0.05
FEWEST_OUTLIERS = 2
# Tukey's outer fences (Exploratory Data Analysis, 1977), in interquartile ranges.
OUTER_FENCE = 3.0
# On a very quiet machine what lies beyond the fences may still be near enough.
LEAST_OUTLYING = 0.05

ADVICE = {
    "residual": "{flagged_share:.1%} of the records have too much time in no stage: do not read the "
    "stages; leave the machine to the run alone, run self_test.py and time again",
    "throttled": "the device slowed itself down while this shard ran: cool it, raise its power limit "
    "or lock its clocks lower, and time again",
    "busy": "other work ran beside this shard, {busy}: leave the machine to the run alone and time again",
    "drifting": "times changed by {drift:+.1%} from the first third of the run to the last: let the "
    "machine settle, look for other work on it (watch in _run.json) and time again",
    "unstable": "times vary by {variation:.1%} with {outlier_share:.1%} outliers: stop other work on "
    "the machine, lock its clocks, or raise repeats",
    UNJUDGED: "too few requests to judge spread and drift: raise num_samples",
}

NONE_BUSY: Mapping[tuple, str] = {}
LENGTHS = ["prompt_length", "num_generated_tokens", "num_teacher_tokens"]


def judge(
    groups: pd.api.typing.DataFrameGroupBy,
    throttled: Collection[tuple] = frozenset(),
    busy: Mapping[tuple, str] = NONE_BUSY,
) -> pd.DataFrame:
    """``COLUMNS`` of every group of records, in the order in which they were made.

    - ``variation``: coefficient of variation of the relative times that are no outliers; of several
      requests a sample it is that within samples, of one a sample that around the line.
    - ``drift``: change of the relative times, last third of the run over its first third, minus 1.
      It marks only together with a trend by Mann and Kendall.
    - ``outlier_share``: of relative times beyond Tukey's outer fences, and 5 % off or more.
    - ``flagged_share``: of records with ``residual_flag``.

    Args:
        groups: records grouped by the keys of the summary.
        throttled: shards whose device slowed itself down, as ``runs.read_watched`` gives them.
        busy: shards beside which others were at work, as ``runs.read_watched`` gives them.
    """
    index = groups.size().index
    group, arrays = _arrays(groups)
    numbers = pd.DataFrame(_numbers(group, len(index), **arrays), index)
    trend = numbers.pop("has_trend")
    rows = []
    for key, has_trend, *row in zip(index, trend, *numbers.to_numpy().T, strict=True):
        own = dict(zip(numbers, row, strict=True))
        shards = _shards_of(groups.keys, key)
        load = next((busy[shard] for shard in shards if shard in busy), None)
        is_throttled = any(shard in throttled for shard in shards)
        rows.append(_marked(own, has_trend, is_throttled, load))
    return pd.DataFrame(rows, index, COLUMNS)


def _arrays(
    groups: pd.api.typing.DataFrameGroupBy,
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """What is needed of the records; those of a group together and in their order."""
    records = groups.obj
    group = groups.ngroup().to_numpy()
    order = np.argsort(group, kind="stable")
    sample = pd.factorize(records["id"])[0].astype(np.int64)
    arrays = {
        "ms": at_one_level(
            records["total_time_ms"].to_numpy(float), group, records["process"].to_numpy(int)
        ),
        # Of a group alone.
        "sample": pd.factorize(group * (sample.max(initial=0) + 1) + sample)[0],
        "tokens": records[LENGTHS].fillna(0).to_numpy(float),
        "flags": records["residual_flag"].to_numpy(float),
    }
    return group[order], {name: values[order] for name, values in arrays.items()}


def _numbers(
    group: np.ndarray,
    groups: int,
    ms: np.ndarray,
    sample: np.ndarray,
    tokens: np.ndarray,
    flags: np.ndarray,
) -> dict[str, np.ndarray]:
    """What rows are marked by, of each group."""
    relative = relative_times(ms, group, sample, tokens, groups)
    return {
        **_spread(relative, group, groups),
        "flagged_share": np.bincount(group, flags, groups) / np.bincount(group, minlength=groups),
        **_drift(relative, group, groups, ms, sample, tokens),
    }


def _marked(
    row: dict[str, float], has_trend: bool, is_throttled: bool, load: str | None
) -> dict[str, float | str | None]:
    outliers = row.pop("outliers")
    applies = {
        "residual": row["flagged_share"] > MOST_FLAGGED,
        "throttled": is_throttled,
        "busy": load is not None,
        "drifting": has_trend,
        "unstable": row["variation"] > MOST_VARIATION
        or (row["outlier_share"] > MOST_OUTLIERS and outliers >= FEWEST_OUTLIERS),
        UNJUDGED: np.isnan(row["variation"]) or np.isnan(row["drift"]),
    }
    quality = next((mark for mark in MARKS if applies[mark]), OK)
    advice = ADVICE.get(quality)
    return {"quality": quality, "quality_advice": advice and advice.format(busy=load, **row), **row}


def _spread(relative: Relative, group: np.ndarray, groups: int) -> dict[str, np.ndarray]:
    """Variation, share of outliers and their number."""
    counts = ~np.isnan(relative.times)
    times, group = relative.times[counts], group[counts]
    # Of an odd number of repeats one is the median itself, and tells nothing about their spread.
    tells = times != 1
    tells |= ~(np.bincount(group, tells, groups) > 0)[group]
    ordered = Ordered.of(times[tells], group[tells], groups)
    low, high = ordered.at(0.25), ordered.at(0.75)
    fence = OUTER_FENCE * (high - low)
    is_far = (times < (low - fence)[group]) | (times > (high + fence)[group])
    is_outlier = is_far & (np.abs(times - 1) >= LEAST_OUTLYING)
    number, outliers = (np.bincount(group, of, groups) for of in (None, is_outlier))
    squares = np.bincount(group, np.square(times - 1) * ~is_outlier, groups)
    none = np.where(number > 0, 1.0, np.nan)
    return {
        "variation": none * np.sqrt(squares / np.maximum(number - outliers - relative.spent, 1)),
        "outlier_share": none * outliers / np.maximum(number, 1),
        "outliers": outliers,
    }


def _drift(
    relative: Relative,
    group: np.ndarray,
    groups: int,
    ms: np.ndarray,
    sample: np.ndarray,
    tokens: np.ndarray,
) -> dict[str, np.ndarray]:
    """Change from the first third to the last, and whether there is a trend that is worth a mark.

    Repeats of a sample follow each other, and none of them tells about the run: each visit to a
    sample counts once, with its median.
    """
    begins = np.concatenate([[True], sample[1:] != sample[:-1]])
    if not begins.all():
        visits = medians_of(ms, np.cumsum(begins) - 1)
        group = group[begins]
        own = np.unique(sample[begins], return_inverse=True)[1]
        relative = relative_times(visits, group, own, tokens[begins], groups)
    counts = ~np.isnan(relative.times)
    times, group = relative.times[counts], group[counts]
    number = np.bincount(group, minlength=groups)
    first = np.cumsum(number) - number
    place, third = np.arange(len(times)) - first[group], (number // 3)[group]
    begin, end = (
        Ordered.of(times[part], group[part], groups).at(0.5)
        for part in (place < third, place >= number[group] - third)
    )
    drift = end / begin - 1
    has_trend = np.zeros(groups, bool)
    worth = np.abs(drift) >= MOST_DRIFT
    for size in np.unique(number[worth]):
        alike = np.flatnonzero(worth & (number == size))
        has_trend[alike] = trends(times[first[alike][:, None] + np.arange(size)])
    return {"drift": drift, "has_trend": has_trend}


def _shards_of(names: list[str], key: tuple[Hashable, ...]) -> list[tuple]:
    """What the runs that a row may be of are called: of its subject, or of several."""
    value = dict(zip(names, key, strict=True))
    setting = tuple(value[name] for name in SETTING)
    shards = ((value["dataset"], value["subject"]), (None, None))
    return [(value["pair"], *shard, *setting) for shard in shards]
