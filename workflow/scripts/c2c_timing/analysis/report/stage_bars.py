"""Where the time goes, as bars: the share of each stage, and its median."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from ...method_table import METHODS, SUBJECT
from ...runtime_table import RUNTIMES
from ...stages import STAGE_KEYS, Stage
from ..columns import CONDITIONS, in_order, method_title
from ..numbers import rounded
from .colours import on_the_page


@dataclass(frozen=True)
class Part:
    """A stage of a bar: its share of all time of the bar's requests, and its median in ms."""

    stage: Stage
    share: float
    median_ms: float

    @property
    def percent(self) -> str:
        """The share as text."""
        return f"{self.share * 100:.0f}\xa0%" if self.share >= 0.005 else "<\xa01\xa0%"

    @property
    def colour(self) -> str:
        """As the figures of the page have it."""
        return on_the_page(self.stage.colour)

    @property
    def text(self) -> str:
        """The median as text."""
        return f"{rounded(self.median_ms, 3)}\xa0ms"


@dataclass(frozen=True)
class Bar:
    """All requests of one pair and method under one condition.

    Attributes:
        title: the method; label: the conditions that differ between bars.
        median_ms: of the whole request.
        width: of the bar, as a share of the longest beside it.
    """

    pair: str
    method: str
    label: str
    requests: int
    median_ms: float
    parts: Sequence[Part]
    width: float = 1.0

    @property
    def title(self) -> str:
        """The method as people call it."""
        return method_title(self.method)

    @property
    def total(self) -> str:
        """The median of the whole request as text."""
        return f"{rounded(self.median_ms, 3)}\xa0ms"

    @property
    def sentence(self) -> str:
        """The largest parts in words, for those who see no bar."""
        parts = sorted(self.parts, key=lambda part: -part.share)
        return ", ".join(f"{part.stage.label} {part.percent}" for part in parts)


def bars(timings: pd.DataFrame, among: pd.DataFrame | None = None) -> list[Bar]:
    """One bar a pair, condition and method; the usual runtime and the first method first.

    Args:
        among: the records beside which they are shown: labels tell what differs in these.
    """
    found = []
    beside = timings if among is None else among
    for pair, rows in timings.groupby("pair", sort=True):
        alike = beside[beside["pair"] == pair]
        differing = [name for name in CONDITIONS if name != "pair" and alike[name].nunique() > 1]
        groups = rows.groupby([*CONDITIONS, "method"], sort=True)
        sums, medians = groups[list(STAGE_KEYS)].sum(), groups[list(STAGE_KEYS)].median()
        totals, median_ms = groups["total_time_ms"].sum(), groups["total_time_ms"].median()
        longest: dict[str, float] = median_ms.groupby(level="length_view").max().to_dict()
        for key in _ordered(groups.size().index):
            known = dict(zip([*CONDITIONS, "method"], key, strict=True))
            parts = [
                Part(stage, sums.loc[key, stage.key] / totals[key], medians.loc[key, stage.key])
                for stage in Stage
                if pd.notna(medians.loc[key, stage.key])
            ]
            label = ", ".join(_word(name, known[name]) for name in differing)
            width = median_ms[key] / longest[known["length_view"]]
            requests = int(groups.size()[key])
            found.append(
                Bar(str(pair), known["method"], label, requests, median_ms[key], parts, width)
            )
    return found


def first_bars(timings: pd.DataFrame) -> dict[str, Bar]:
    """Of each pair the one bar that its first screen shows: C2C where it ran, natural length, eager."""
    found: dict[str, Bar] = {}
    for pair, rows in timings.groupby("pair", sort=True):
        methods = in_order(rows["method"], METHODS)
        method = SUBJECT if SUBJECT in methods else methods[0]
        own = rows[rows["method"] == method]
        for name, order in (("runtime", list(RUNTIMES)), ("length_view", ["natural"])):
            own = own[own[name] == in_order(own[name], order)[0]]
        found[str(pair)] = bars(own, among=rows)[0]
    return found


def _ordered(index: pd.Index) -> list[tuple]:
    place = [*CONDITIONS, "method"].index
    runtimes, methods = list(RUNTIMES), list(METHODS)

    def rank(key: tuple) -> tuple:
        runtime, method = key[place("runtime")], key[place("method")]
        return (
            *(key[place(name)] for name in CONDITIONS if name not in ("runtime", "length_view")),
            key[place("length_view")] != "natural",
            runtimes.index(runtime) if runtime in runtimes else len(runtimes),
            methods.index(method) if method in methods else len(methods),
        )

    return sorted(index, key=rank)


def _word(name: str, value: str) -> str:
    return f"{value} length" if name == "length_view" else str(value)
