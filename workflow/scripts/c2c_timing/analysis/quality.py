"""Whether a row of the summary should be believed, and what to do where it should not.

All numbers are of ``total_time_ms`` relative to what each request should have taken
(``analysis.relative_times``), so that prompts of different lengths look neither like spread nor like
drift. A row of fewer than 8 requests is too small for spread, drift and outliers: these stay empty,
and the row is ``unjudged`` unless flagged records, throttling or other work on the machine speak
against it.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping

import numpy as np
import pandas as pd

from .columns import SETTING
from .quality_sentences import MOST_FLAGGED, OK, UNJUDGED
from .relative_times import medians_of, relative_times

COLUMNS = ["quality", "quality_advice", "variation", "drift", "outlier_share", "flagged_share"]
# The worst first: stages that do not add up mislead at any speed; a throttled device and other work on
# the machine explain drift and spread; a drift moves the median itself; spread only makes it less
# sharp. What cannot be told comes last.
MARKS = ("residual", "throttled", "busy", "drifting", "unstable", UNJUDGED)

# Spread from which pyperf, too, calls a benchmark unstable.
MOST_VARIATION = 0.10
# From the first third of the run to the last: below it, not worth the reruns.
MOST_DRIFT = 0.05
# The trend test's level; with many rows some show a trend by chance, so it is a strict one.
TREND_LEVEL = 0.01
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
    UNJUDGED: "too few requests to judge spread and drift: raise num_samples or repeats",
}

NONE_BUSY: Mapping[tuple, str] = {}
LENGTHS = ["prompt_length", "num_generated_tokens", "num_teacher_tokens"]
NEEDED = ["id", "total_time_ms", "residual_flag", *LENGTHS]


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
        throttled: shards whose device slowed itself down, as ``runs.read_throttled`` gives them.
        busy: shards beside which others were at work, as ``runs.read_busy`` gives them.
    """
    keys, rows = [], []
    for key, records in groups[NEEDED]:
        keys.append(key)
        shards = _shards_of(groups.keys, key)
        load = next((busy[shard] for shard in shards if shard in busy), None)
        rows.append(_judge(records, any(shard in throttled for shard in shards), load))
    index = pd.MultiIndex.from_tuples(keys, names=groups.keys)
    return pd.DataFrame(rows, index, COLUMNS)


def _judge(
    records: pd.DataFrame, is_throttled: bool, load: str | None
) -> dict[str, float | str | None]:
    ms = records["total_time_ms"].to_numpy(float)
    sample = pd.factorize(records["id"])[0]
    tokens = records[LENGTHS].fillna(0).to_numpy(float)
    variation, outlier_share, outliers = _spread(ms, sample, tokens)
    drift, has_trend = _drift(ms, sample, tokens)
    row = {
        "variation": variation,
        "drift": drift,
        "outlier_share": outlier_share,
        "flagged_share": records["residual_flag"].mean(),
    }
    applies = {
        "residual": row["flagged_share"] > MOST_FLAGGED,
        "throttled": is_throttled,
        "busy": load is not None,
        "drifting": has_trend and abs(drift) >= MOST_DRIFT,
        "unstable": variation > MOST_VARIATION
        or (outlier_share > MOST_OUTLIERS and outliers >= FEWEST_OUTLIERS),
        UNJUDGED: np.isnan(variation) or np.isnan(drift),
    }
    quality = next((mark for mark in MARKS if applies[mark]), OK)
    advice = ADVICE.get(quality)
    return {"quality": quality, "quality_advice": advice and advice.format(busy=load, **row), **row}


def _spread(ms: np.ndarray, sample: np.ndarray, tokens: np.ndarray) -> tuple[float, float, int]:
    """Variation, share of outliers and their number."""
    relative = relative_times(ms, sample, tokens)
    if relative is None:
        return np.nan, np.nan, 0
    # Of an odd number of repeats one is the median itself, and tells nothing about their spread.
    informative = relative.times[relative.times != 1]
    low, high = np.quantile(informative if len(informative) else relative.times, [0.25, 0.75])
    fence = OUTER_FENCE * (high - low)
    is_far = (relative.times < low - fence) | (relative.times > high + fence)
    is_outlier = is_far & (np.abs(relative.times - 1) >= LEAST_OUTLYING)
    squares = np.square(relative.times[~is_outlier] - 1)
    variation = np.sqrt(squares.sum() / max(len(squares) - relative.spent, 1))
    return variation, is_outlier.mean(), int(is_outlier.sum())


def _drift(ms: np.ndarray, sample: np.ndarray, tokens: np.ndarray) -> tuple[float, bool]:
    """Change from the first third to the last, and whether there is a trend.

    Repeats of a sample follow each other, and none of them tells about the run: each visit to a
    sample counts once, with its median.
    """
    begins = np.concatenate([[True], sample[1:] != sample[:-1]])
    visit = np.cumsum(begins) - 1
    relative = relative_times(medians_of(ms, visit), sample[begins], tokens[begins])
    if relative is None:
        return np.nan, False
    times = relative.times
    third = len(times) // 3
    drift = np.median(times[-third:]) / np.median(times[:third]) - 1
    # Kendall's tau against the order is the test of Mann (Econometrica 13, 1945); NaN for no spread.
    from scipy.stats import kendalltau  # slow to import: only the summary needs it

    trend = kendalltau(np.arange(len(times)), times)
    return drift, bool(trend.pvalue < TREND_LEVEL)


def _shards_of(names: list[str], key: tuple[Hashable, ...]) -> list[tuple]:
    """What the runs that a row may be of are called: of its subject, or of several."""
    value = dict(zip(names, key, strict=True))
    setting = tuple(value[name] for name in SETTING)
    shards = ((value["dataset"], value["subject"]), (None, None))
    return [(value["pair"], *shard, *setting) for shard in shards]
