"""What all figures share: colours, names, panels, and how they are saved."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter

from ...errors import UserError
from ...method_table import METHODS
from ...runtime_table import REFERENCE, RUNTIMES
from ...whole_files import written_whole
from ..columns import CONDITIONS, CONDITIONS_BUT_RUNTIME, in_order

Rows = TypeVar("Rows", pd.DataFrame, pd.Series)
Panel = tuple[str, pd.DataFrame]
# Of what cannot be told from 1.
UNCLEAR_MARK = "X"
# Of one series: more cannot be told from each other, and an SVG holds each of them.
MOST_DOTS = 20_000
# High end over low end of a logarithmic axis.
NARROW, MIDDLE = 4, 15
plt.rcParams.update(
    {
        "font.size": 10,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.titlesize": 11,
        "figure.constrained_layout.use": True,
        "svg.hashsalt": "c2c-timing",
        "svg.fonttype": "none",
        "text.parse_math": False,  # a name with dollars is a name
    }
)


class NothingToDrawError(UserError):
    """The records have nothing that a figure could show."""


def what(timings: pd.DataFrame) -> str:
    """One line that says what a figure shows: pairs, device, dtype, weights, number of records.

    The runtime too, where all records are of one that is not the usual one.
    """

    def names(column: str) -> str:
        return ", ".join(map(str, timings[column].dropna().unique()))

    runtimes = ", ".join(in_order(timings["runtime"], RUNTIMES))
    return (
        f"{names('pair')} · {names('model_config.device')} · {names('model_config.dtype')} · "
        f"{names('model_config.weights')} weights · "
        f"{'' if runtimes == REFERENCE else f'{runtimes} · '}{len(timings)} requests"
    )


def dots(rows: Rows) -> Rows:
    """Records whose dots are drawn: of very many every n-th, in the order in which they were made."""
    return rows.iloc[:: _every(rows)]


def dots_note(groups: Iterable[pd.DataFrame | pd.Series]) -> str:
    """What an axis' label says where not all dots are drawn; empty where all are."""
    every = max((_every(rows) for rows in groups), default=1)
    return f"\ndots: one request in {every} of the longest series" if every > 1 else ""


def _every(rows: pd.DataFrame | pd.Series) -> int:
    return max(1, -(-len(rows) // MOST_DOTS))


def panels(table: pd.DataFrame, among: pd.DataFrame | None = None) -> list[Panel]:
    """Rows that may stand in one panel (one pair, device, length view …), with a title.

    The title names what differs between the rows ``among`` which the panel stands, by default those
    of ``table``; the pair always. Runtimes of one pair and device follow each other.
    """
    among = table if among is None else among
    found = []
    for key, rows in _by_condition(table):
        words = condition_words(dict(zip(CONDITIONS, key, strict=True)), among)
        found.append((", ".join(words), rows))
    return found


def condition_words(conditions: Mapping[str, str], among: pd.DataFrame) -> list[str]:
    """The pair, then of the other conditions those that differ between the rows ``among``."""
    return [
        f"{value} length" if name == "length_view" else str(value)
        for name, value in conditions.items()
        if name == "pair" or (value != "" and among[name].nunique() > 1)
    ]


def _by_condition(table: pd.DataFrame) -> list[tuple[tuple, pd.DataFrame]]:
    """Rows by their conditions, in order; of runtimes the usual one is the first."""
    runtimes = in_order(table["runtime"], RUNTIMES)
    found = []
    for _, alike in table.groupby(CONDITIONS_BUT_RUNTIME, sort=True):
        parts = dict(list(alike.groupby(CONDITIONS)))
        place = CONDITIONS.index("runtime")
        found += sorted(parts.items(), key=lambda part: runtimes.index(part[0][place]))
    return found


def share_scale(axes: Iterable[plt.Axes], shown: Sequence[Panel]) -> None:
    """Give panels that differ in runtime alone the same x axis, since readers compare them by eye."""
    alike: dict[tuple, list[plt.Axes]] = {}
    for axis, (_, rows) in zip(axes, shown, strict=True):
        alike.setdefault(tuple(rows[CONDITIONS_BUT_RUNTIME].iloc[0]), []).append(axis)
    for together in alike.values():
        if len(together) > 1:
            furthest = max(axis.get_xlim()[1] for axis in together)
            for axis in together:
                axis.set_xlim(right=furthest)


def methods(timings: pd.DataFrame) -> list[str]:
    """The methods that have records, in a fixed order; unknown ones last."""
    return in_order(timings["method"], METHODS)


def method_colour(method: str) -> str:
    """A method's colour in every figure."""
    return METHODS[method].colour if method in METHODS else "#555555"


def offsets(number: int) -> list[float]:
    """Places of ``number`` items around a tick of a list that reads from the top down."""
    return [(number - 1 - 2 * place) * 0.4 / number for place in range(number)]


def label_powers(axis: plt.Axes) -> None:
    """Plain numbers along logarithmic axes: without formulas, powers would be shown as their code."""
    for along in (axis.xaxis, axis.yaxis):
        along.set_major_formatter("{x:g}")
        along.set_minor_formatter(NullFormatter())


def label_plainly(along: Axis) -> None:
    """Plain numbers along one logarithmic axis: at 1, 2 and 5 of each power, or closer ones."""
    low, high = along.get_view_interval()
    subs = (1, 1.5, 2, 3, 5, 7) if high / low < MIDDLE else (1, 2, 5)
    # A narrow range holds one of these at most: it is nearly linear, and told in tenths or less.
    along.set_major_locator(MaxNLocator(6) if high / low < NARROW else LogLocator(subs=subs))
    along.set_major_formatter("{x:g}")
    along.set_minor_formatter(NullFormatter())


def label_ratios(along: Axis) -> None:
    """The same for ratios."""
    label_plainly(along)
    along.set_major_formatter("{x:g}×")


def only_words(text: str) -> Figure:
    """Stands in a figure's place, and says why there is none."""
    figure = plt.figure(figsize=(6.4, 1.6))
    words = "\n".join(textwrap.wrap(text, 76))
    figure.text(0.5, 0.5, words, ha="center", va="center")
    return figure


def save(figure: Figure, png: Path, svg: Path) -> None:
    """Both files; the SVG has no date, so that equal records give equal bytes."""
    with written_whole(png) as partial:
        figure.savefig(partial, format="png", dpi=150)
    with written_whole(svg) as partial:
        figure.savefig(partial, format="svg", metadata={"Date": None})
    plt.close(figure)
