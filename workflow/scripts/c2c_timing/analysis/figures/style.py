"""What all figures share: colours, marks, names, and how they are saved."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
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
from ..columns import in_order

Rows = TypeVar("Rows", pd.DataFrame, pd.Series)
# A method is told by its colour and its mark, a runtime by its line and its filling; stages have colours
# of their own. Marks go with the methods in the order of their table: colours alone are lost in grey.
METHOD_MARKS = "so^DvP"
RUNTIME_LINES = ("-", "--", ":", "-.")
RUNTIME_FILLS = ("full", "none", "left", "top")
UNKNOWN = "#555555"
# Of what cannot be told from 1.
UNCLEAR_MARK = "X"
# Of a verdict that both are the same.
SAME_MARK = "H"
# Of one series: more cannot be told from each other, and an SVG holds each of them.
MOST_DOTS = 20_000
# High end over low end of a logarithmic axis.
NARROW, MIDDLE, BROAD = 4, 15, 200
# Inches of a low panel.
LOW = 1.2
plt.rcParams.update(
    {
        "font.size": 9,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.titlesize": 9,
        "figure.titlesize": 10,
        "legend.fontsize": 8,
        "legend.frameon": False,
        "xtick.labelsize": 8,
        "ytick.labelsize": 8,
        "figure.constrained_layout.use": True,
        "svg.hashsalt": "c2c-timing",
        "svg.fonttype": "none",
        "text.parse_math": False,  # a name with dollars is a name
    }
)


class NothingToDrawError(UserError):
    """The records have nothing that a figure could show."""


def what(timings: pd.DataFrame) -> str:
    """One line that says what a figure shows: pairs, device, dtype, weights, lengths, number of records.

    The runtime too, where all records are of one that is not the usual one.
    """

    def names(column: str) -> str:
        return ", ".join(map(str, timings[column].dropna().unique()))

    runtimes = ", ".join(in_order(timings["runtime"], RUNTIMES))
    views = " and ".join(filter(None, sorted(timings["length_view"].unique(), reverse=True)))
    return (
        f"{names('pair')} · {names('model_config.device')} · {names('model_config.dtype')} · "
        f"{names('model_config.weights')} weights · "
        f"{'' if runtimes == REFERENCE else f'{runtimes} · '}"
        f"{f'{views} length · ' if views else ''}{len(timings)} requests"
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


def methods(timings: pd.DataFrame) -> list[str]:
    """The methods that have records, in a fixed order; unknown ones last."""
    return in_order(timings["method"], METHODS)


def method_colour(method: str) -> str:
    """A method's colour in every figure."""
    return METHODS[method].colour if method in METHODS else UNKNOWN


def method_mark(method: str) -> str:
    """A method's mark in every figure."""
    known = list(METHODS)
    return METHOD_MARKS[known.index(method) % len(METHOD_MARKS)] if method in METHODS else "*"


def runtime_line(runtime: str) -> str:
    """A runtime's line style in every figure."""
    return _of_runtime(runtime, RUNTIME_LINES)


def runtime_fill(runtime: str) -> str:
    """How a runtime's marks are filled in every figure."""
    return _of_runtime(runtime, RUNTIME_FILLS)


def _of_runtime(runtime: str, looks: Sequence[str]) -> str:
    known = list(RUNTIMES)
    return looks[known.index(runtime) % len(looks)] if runtime in known else looks[-1]


def label_powers(axis: plt.Axes) -> None:
    """Plain numbers along logarithmic axes: without formulas, powers would be shown as their code."""
    for along in (axis.xaxis, axis.yaxis):
        along.set_major_formatter("{x:g}")
        along.set_minor_formatter(NullFormatter())


def label_plainly(along: Axis) -> None:
    """Plain numbers along one logarithmic axis: at 1, 2 and 5 of each power, closer ones or fewer."""
    low, high = along.get_view_interval()
    many = (1, 2, 5) if _is_low(along) else (1, 1.5, 2, 3, 5, 7)
    subs = many if high / low < MIDDLE else (1, 2, 5) if high / low < BROAD else (1,)
    # A narrow range holds one of these at most: it is nearly linear, and told in tenths or less.
    few = MaxNLocator(3 if _is_low(along) else 6)
    along.set_major_locator(few if high / low < NARROW else LogLocator(subs=subs))
    along.set_major_formatter("{x:g}")
    along.set_minor_formatter(NullFormatter())


def _is_low(along: Axis) -> bool:
    """Whether numbers along a y axis would lie on each other."""
    axes = along.axes
    inches = axes.get_window_extent().height / axes.figure.dpi
    return along is axes.yaxis and inches < LOW


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
