"""How many times longer requests take in a new run than in an old one, and what that allows to say.

**Ratio.** As in ``speedup.tsv``: the geometric mean over samples of (new time / old time), here for
every stage as well as for whole requests. Samples that both runs have, by id and with equal prompts,
are compared each with itself. Where they share fewer than ``FEWEST_SAMPLES``, both runs are groups of
their own, and the ratio is that of their geometric means.

**Interval.** Of the mean logarithm, by Student's t (Welch's for groups), at the confidence at which Holm's
test of the whole table reads the row: see ``estimates``. So what is shown is what the verdict reads,
and in a table in which nothing has changed the chance that any row says otherwise is at most 2 %
(``ALPHA``): a step of CI asks again with each change, and one false alarm in twenty would be ignored soon.

Where several processes timed a run, the interval is over these as well: how far their means lie apart
adds to its width (``Estimate.with_spread_of``).

**Verdict.** That of ``deciding.verdict``: same, faster, slower, not distinguishable.

**Beyond the margin.** A second test, of (ratio ≤ 1 + margin), one-sided and again by Holm over the table. It
alone decides the exit code. That the interval excludes 1 while the estimate happens to lie above the
margin would not do: of a true change of 3 % one estimate in ten lies above 5 % where its standard error
is 1.5 %. So any change within the margin ends in an exit code of 3 at most twice in 100, whatever
the number of rows; and a row may well be slower, surely, without being beyond the margin, surely.

What differs from one process to the next, with nothing changed, is in no interval of runs of one process, and
what differs from one day to the next in none at all: time both in turns, and by several processes, before a
small change is believed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ...method_table import METHODS
from ...runtime_table import RUNTIMES
from ...stages import Stage
from ...statistics import FEWEST_SAMPLES
from ..columns import SETTING, SETUP, in_order
from ..deciding import MARGIN, SLOWER, samples_to_decide, verdict
from .estimates import Estimate, difference_estimate, holm_levels, mean_estimate
from .sides import DIGEST, LOOKS, PROCESS

# The chance that a table in which nothing has changed says of any row that it has.
ALPHA = 0.02
WHOLE = "request"
# Parts of a request by the columns of their times.
PARTS = {"total_time_ms": WHOLE, **{stage.key: stage.value for stage in Stage}}
ROW = ["pair", "method", "runtime", "length_view", "dataset", *SETTING, SETUP]
SAMPLE = ["subject", "id", DIGEST]
BY_SAMPLE, AS_GROUPS = "samples", "groups"
COLUMNS = [
    *(name for name in ROW if name != SETUP),
    "part",
    "ratio",
    "ratio_low",
    "ratio_high",
    "confidence",
    "verdict",
    "is_beyond_margin",
    "samples_to_decide",
    "compared_as",
    "num_samples",
    "new_num_samples",
    "old_num_processes",
    "new_num_processes",
    "old_median_ms",
    "new_median_ms",
    "old_answer_tokens",
    "new_answer_tokens",
    SETUP,
]


class Samples:
    """Records of one side of a row by sample.

    Attributes:
        names: of the samples, by ``SAMPLE``.
        number: (records,), which of them a record belongs to.
    """

    def __init__(self, records: pd.DataFrame) -> None:
        self.records = records
        self.number, self.names = pd.factorize(pd.MultiIndex.from_frame(records[SAMPLE]))
        self.process, processes = pd.factorize(records[PROCESS])
        self.processes = len(processes)

    def logs(self, key: str) -> np.ndarray:
        """(samples,), the mean logarithm of their times; NaN where there are none, or they are 0."""
        times = self.records[key].to_numpy(float, na_value=np.nan)
        there = times > 0
        with np.errstate(invalid="ignore"):
            sums, counts = (
                np.bincount(self.number[there], of, len(self.names))
                for of in (np.log(times[there]), None)
            )
            return sums / counts

    def by_process(self, key: str, logs: np.ndarray, chosen: np.ndarray) -> np.ndarray:
        """(processes,), how far each lies from all: the mean over samples of its logarithms - ``logs``."""
        times = self.records[key].to_numpy(float, na_value=np.nan)
        there = (times > 0) & chosen[self.number]
        apart = np.log(times[there]) - logs[self.number[there]]
        cells = self.number[there] * self.processes + self.process[there]
        of_cell, place = np.unique(cells, return_inverse=True)
        means = np.bincount(place, apart) / np.bincount(place)
        process = np.unique(of_cell % self.processes, return_inverse=True)[1]
        return np.bincount(process, means) / np.bincount(process)

    def medians(self, key: str, chosen: np.ndarray) -> tuple[float, float]:
        """Of the times of some samples (samples,), and of the lengths of their answers."""
        times, tokens = (
            self.records[name].to_numpy(float, na_value=np.nan)[chosen[self.number]]
            for name in (key, "num_generated_tokens")
        )
        return np.nanmedian(times), np.nan if np.isnan(tokens).all() else np.nanmedian(tokens)


@dataclass(frozen=True)
class Both:
    """Both sides of a row.

    Attributes:
        place: (samples of the old side,), of the same sample on the new side; -1 where it is not there.
    """

    old: Samples
    new: Samples
    place: np.ndarray

    @classmethod
    def of(cls, old: pd.DataFrame, new: pd.DataFrame) -> Both:
        """Of two tables of records."""
        one, other = Samples(old), Samples(new)
        return cls(one, other, other.names.get_indexer(one.names))

    def compared(self, key: str) -> tuple[dict[str, Any], Estimate] | None:
        """Numbers of a part but for its verdict; None where a side has no such times."""
        old, new = self.old.logs(key), self.new.logs(key)
        chosen = ~np.isnan(old), ~np.isnan(new)
        if not all(each.any() for each in chosen):
            return None
        both = chosen[0] & (self.place >= 0) & ~np.isnan(new[self.place])
        is_by_sample = both.sum() >= FEWEST_SAMPLES
        if is_by_sample:
            partners = self.place[both]
            estimate = mean_estimate(new[partners] - old[both])
            chosen = both, np.isin(np.arange(len(new)), partners)
        else:
            estimate = difference_estimate(new[chosen[1]], old[chosen[0]])
        if max(self.old.processes, self.new.processes) > 1:
            estimate = estimate.with_spread_of(
                self.old.by_process(key, old, chosen[0]), self.new.by_process(key, new, chosen[1])
            )
        old_ms, old_tokens = self.old.medians(key, chosen[0])
        new_ms, new_tokens = self.new.medians(key, chosen[1])
        return {
            "ratio": np.exp(new[chosen[1]].mean() - old[chosen[0]].mean()),
            "compared_as": BY_SAMPLE if is_by_sample else AS_GROUPS,
            "num_samples": int(chosen[0].sum()),
            "new_num_samples": int(chosen[1].sum()),
            "old_num_processes": self.old.processes,
            "new_num_processes": self.new.processes,
            "old_median_ms": old_ms,
            "new_median_ms": new_ms,
            "old_answer_tokens": old_tokens,
            "new_answer_tokens": new_tokens,
        }, estimate


def changes(
    old: pd.DataFrame, new: pd.DataFrame, margin: float = MARGIN, stages: bool = True
) -> pd.DataFrame:
    """``COLUMNS`` of all that both runs timed: whole requests first, then their stages.

    Args:
        old, new: records with ``DIGEST``.
        stages: whether stages are compared, too; without them fewer rows share ``ALPHA``.
    """
    parts = PARTS if stages else {"total_time_ms": WHOLE}
    rows, estimates = [], []
    for known, *sides in _in_both(old, new):
        both = Both.of(*sides)
        for key, part in parts.items():
            if (found := both.compared(key)) is not None:
                row, estimate = found
                rows.append(known | {"part": part} | row)
                estimates.append(estimate)
    # Of data that were looked at several times any look could have been the last: they share it.
    looks = max(old[LOOKS].max(), new[LOOKS].max())
    judged = _judged(rows, estimates, margin, ALPHA / looks)
    return pd.DataFrame(judged, columns=COLUMNS)


def _in_both(
    old: pd.DataFrame, new: pd.DataFrame
) -> Iterator[tuple[dict[str, Any], pd.DataFrame, pd.DataFrame]]:
    """What a row is of, and its records on both sides."""
    sides = [dict(list(side.groupby(ROW, sort=True, dropna=False))) for side in (old, new)]
    ranks = {
        "method": in_order(old["method"], METHODS),
        "runtime": in_order(old["runtime"], RUNTIMES),
    }

    def place(key: tuple) -> list:
        known = dict(zip(ROW, key, strict=True))
        return [ranks[n].index(v) if n in ranks else str(v) for n, v in known.items()]

    for key in sorted(sides[0].keys() & sides[1].keys(), key=place):
        yield dict(zip(ROW, key, strict=True)), sides[0][key], sides[1][key]


def _judged(
    rows: list[dict[str, Any]], estimates: list[Estimate], margin: float, alpha: float
) -> Iterator[dict[str, Any]]:
    levels, _ = holm_levels(np.array([each.chance_apart() for each in estimates]), alpha)
    bound = np.log1p(margin)
    _, beyond = holm_levels(np.array([each.chance_above(bound) for each in estimates]), alpha)
    for row, estimate, level, is_beyond in zip(rows, estimates, levels, beyond, strict=True):
        low, high = np.exp(estimate.interval(1 - level))
        fewest = min(row["num_samples"], row["new_num_samples"])
        found = verdict(
            1 / high, 1 / low, margin
        )  # a verdict is on a speed-up: above 1 it is faster
        yield row | {
            "ratio_low": low,
            "ratio_high": high,
            "confidence": 1 - level,
            "verdict": found,
            "is_beyond_margin": bool(is_beyond) and found == SLOWER,
            # How far processes lie apart does not become less with more samples.
            "samples_to_decide": np.nan
            if max(row["old_num_processes"], row["new_num_processes"]) > 1
            else samples_to_decide(row["ratio"], low, high, fewest, margin),
        }
