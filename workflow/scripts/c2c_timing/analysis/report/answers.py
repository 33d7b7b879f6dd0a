"""The first screen: of every pair whether C2C pays, and how surely."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from ...method_table import METHODS, SUBJECT
from ...runtime_table import REFERENCE, RUNTIMES
from ..columns import CONDITIONS, in_order, method_title
from ..deciding import FASTER, IN_WORDS, SAME, SLOWER, UNTOLD, advice
from ..speedup import is_across_methods
from .sources import Sources
from .stage_bars import Bar, first_bars
from .tables import interval, ratio

# Fixed length first where an answer is wanted: there only the methods differ.
VIEWS = ("fixed", "natural")
VERDICTS = (FASTER, SLOWER, SAME, UNTOLD)


@dataclass(frozen=True)
class Verdict:
    """C2C against one method at one length: ratio above 1 is faster.

    Attributes:
        advice: how many samples would decide it; empty where these do.
    """

    ratio: str
    interval: str
    verdict: str
    samples: int
    advice: str = ""


@dataclass(frozen=True)
class Against:
    """A row of the first screen's table: a method, under which conditions, by length view."""

    label: str
    method: str
    by_view: Mapping[str, Verdict]


@dataclass(frozen=True)
class Answer:
    """One pair on the first screen.

    Attributes:
        conditions: what all its records have in common: device, dtype, runtime.
        headline: whether C2C pays, in one sentence; None where nothing was compared.
        views: length views, in the order of columns.
        bar: where the time goes.
    """

    pair: str
    is_made_up: bool
    conditions: str
    headline: str | None
    views: Sequence[str]
    rows: Sequence[Against]
    bar: Bar

    @property
    def samples(self) -> str:
        """How many samples the verdicts are over."""
        numbers = {found.samples for row in self.rows for found in row.by_view.values()}
        few, many = min(numbers, default=0), max(numbers, default=0)
        return f"{few} samples" if few == many else f"{few} to {many} samples"


def answers(sources: Sources) -> list[Answer]:
    """One answer a pair."""
    bars, found = first_bars(sources.timings), []
    for pair, records in sources.timings.groupby("pair", sort=True):
        compared = _compared(sources.speedup, pair)
        rows = list(_rows(compared)) if len(compared) else []
        found.append(
            Answer(
                str(pair),
                bool((records["model_config.weights"] != "real").all()),
                ", ".join(_in_common(records)),
                _headline(compared) if len(compared) else None,
                in_order({view for row in rows for view in row.by_view}, VIEWS),
                rows,
                bars[str(pair)],
            )
        )
    return found


def made_up_pairs(timings: pd.DataFrame) -> list[str]:
    """Pairs whose weights are, in some of their records, no trained ones."""
    made_up = timings[timings["model_config.weights"] != "real"]
    return sorted(map(str, made_up["pair"].unique()))


def _compared(speedup: pd.DataFrame | None, pair: Any) -> pd.DataFrame:
    """C2C against other methods over all samples of a pair."""
    if speedup is None:
        return pd.DataFrame()
    is_overall = (speedup["scope"] == "overall") & is_across_methods(speedup)
    return speedup[is_overall & (speedup["pair"] == pair)]


def _rows(compared: pd.DataFrame) -> Iterator[Against]:
    beside = [name for name in CONDITIONS if name not in ("pair", "length_view")]
    differing = [name for name in beside if compared[name].fillna("").nunique() > 1]
    groups = dict(list(compared.groupby(beside, sort=True, dropna=False)))
    runtimes = in_order(compared["runtime"], RUNTIMES)
    for key in sorted(groups, key=lambda key: runtimes.index(key[beside.index("runtime")])):
        known = dict(zip(beside, key, strict=True))
        label = ", ".join(str(known[name]) for name in differing if known[name])
        for method in in_order(groups[key]["against"], METHODS):
            rows = groups[key][groups[key]["against"] == method].to_dict("records")
            yield Against(
                label, method_title(method), {r["length_view"]: _verdict(r) for r in rows}
            )


def _verdict(row: Mapping[str, Any]) -> Verdict:
    low, high = row["speedup_low"], row["speedup_high"]
    samples = int(row["num_samples"])
    return Verdict(
        f"{ratio(row['speedup'])}×",
        interval(low, high),
        row["verdict"],
        samples,
        advice(row.get("samples_to_decide", math.nan), samples),
    )


def _headline(compared: pd.DataFrame) -> str:
    """What the verdicts come to at fixed length, where there is one, under the usual runtime."""
    runtimes = in_order(compared["runtime"], [REFERENCE])
    rows = compared[compared["runtime"] == runtimes[0]]
    under = f" under {runtimes[0]}" if len(runtimes) > 1 else ""
    said = {view: _spoken(rows[rows["length_view"] == view]) for view in VIEWS}
    told = {view: words for view, words in said.items() if words}
    title = method_title(SUBJECT)
    if len(set(told.values())) == 1:
        (words, *_) = told.values()
        at = "at natural and at fixed length" if len(told) > 1 else f"at {next(iter(told))} length"
        return f"{title} is {words}, {at}{under}."
    parts = [f"at {view} length {words}" for view, words in told.items()]
    return f"{title} is {'; '.join(parts)}{under}."


def _spoken(rows: pd.DataFrame) -> str:
    """Verdicts of one view in words, those that differ between devices and the like all together."""
    parts = []
    for verdict in VERDICTS:
        told = rows["verdict"] == verdict
        methods = [method_title(name) for name in in_order(rows.loc[told, "against"], METHODS)]
        if methods:
            parts.append(f"{IN_WORDS.get(verdict, f'{verdict} from ')}{_listed(methods)}")
    return ", ".join(parts)


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _in_common(records: pd.DataFrame) -> list[str]:
    names = [name for name in CONDITIONS if name not in ("pair", "length_view")]
    values = {name: records[name].dropna().unique() for name in names}
    words = {"model_config.weights": "{} weights"}
    return [
        words.get(name, "{}").format(found[0])
        for name, found in values.items()
        if len(found) == 1 and found[0]
    ]
