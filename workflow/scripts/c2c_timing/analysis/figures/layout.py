"""Where things stand in a figure: panels, columns of them, heights that a screen holds, titles."""

from __future__ import annotations

import math
import re
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.figure import Figure

from ...runtime_table import RUNTIMES
from ..columns import CONDITIONS, CONDITIONS_BUT_RUNTIME, in_order
from .style import what

Panel = tuple[str, pd.DataFrame]
# Inches: a figure fills a screen at most, and its letters can be read where it is as wide as a phone.
WIDTH, MOST_HEIGHT = 7.2, 8.6
# Of what is above and below all panels; of a panel's title and its ticks.
FRAME, HEAD = 1.5, 0.62
# Panels beside each other.
MOST_COLUMNS = 3
# The height of one line of a list, where there is room, and where there is not; of one with no letters.
LINE, LEAST_LINE, LEAST_MARK = 0.2, 0.12, 0.075
# Where times of data sets, in order, leap by more, another scale begins.
LEAP = 2.5
CHARACTERS_AN_INCH = 13


def sheet(
    number: int, heights: Sequence[float], beside: Sequence[float] = (1,), alike: int = 1
) -> tuple[Figure, np.ndarray]:
    """A figure with axes (panels, parts, sides): in as many columns as keep it below its height.

    Args:
        number: of panels.
        heights: inches of the parts of each panel, from the top.
        beside: widths of what stands beside each other in a panel; of panels in several columns the
            first alone is there.
        alike: panels which follow each other and are compared: below each other where they fill columns.
    """
    room, most = MOST_HEIGHT - FRAME, MOST_COLUMNS
    fitting = (c for c in range(1, most + 1) if _needed(number, c, heights) <= room)
    columns = min(next(fitting, most), number)
    if number % columns and number % (columns + 1) == 0 and columns < most:
        columns += 1  # no hole in the last line
    lines = math.ceil(number / columns)
    columns = math.ceil(number / lines)
    heads = lines * HEAD
    squeeze = min(1.0, max(room - heads, 0.4 * room) / (lines * sum(heights)))
    sides = list(beside) if columns == 1 else [1]
    inches = min(heads + squeeze * lines * sum(heights), room) + FRAME
    figure, axes = plt.subplots(
        lines * len(heights), columns * len(sides), figsize=(WIDTH, inches), squeeze=False,
        height_ratios=list(heights) * lines, width_ratios=sides * columns,
    )  # fmt: skip
    axes = axes.reshape(lines, len(heights), columns, len(sides)).transpose(0, 2, 1, 3)
    if lines == alike and lines * columns == number:
        axes = axes.swapaxes(0, 1)
    axes = axes.reshape(-1, len(heights), len(sides))
    for axis in axes[number:].ravel():
        axis.set_visible(False)
    return figure, axes[:number]


def _needed(number: int, columns: int, heights: Sequence[float]) -> float:
    return math.ceil(number / columns) * (sum(heights) + HEAD)


def most_lines(panels: int, inches: float, line: float) -> int:
    """How many lines of a list each of so many panels has room for, beside so many other inches."""
    room = (MOST_HEIGHT - FRAME) / math.ceil(panels / MOST_COLUMNS)
    return max(1, int((room - HEAD - inches) / line))


def columns_of(axes: np.ndarray) -> int:
    """How many panels of a sheet stand beside each other."""
    return int(axes[0, 0, 0].get_gridspec().ncols) // axes.shape[2]


def is_left(axes: np.ndarray, number: int) -> bool:
    """Whether a panel stands in the first column: others need not name what is along its side."""
    return axes[number, 0, 0].get_subplotspec().is_first_col()


def lowest(axes: np.ndarray) -> list[np.ndarray]:
    """The axes of the panels that have none below them."""
    columns = {panel[0, 0].get_subplotspec().colspan.start: panel for panel in axes}
    return list(columns.values())


def name_panel(axes: np.ndarray, number: int, title: str) -> None:
    """A panel's title, in as many lines as it needs."""
    words = wrapped(axes, title, CHARACTERS_AN_INCH - 1)
    axes[number, 0, 0].set_title(words, loc="left")


def wrapped(axes: np.ndarray, text: str, an_inch: float = CHARACTERS_AN_INCH) -> str:
    """A text in lines that are no wider than a panel of a sheet."""
    columns = columns_of(axes)
    inches = (WIDTH - (1.3 if columns == 1 else 2.0)) / columns
    return broken(text, int(an_inch * inches))


def broken(text: str, width: int) -> str:
    """A text in lines of so many characters at most.

    Names that are put together may end a line after ``+``, ``/`` or ``_``; where that is not enough,
    after a hyphen, or anywhere.
    """
    lines = []
    for whole in text.splitlines():
        line = ""
        for part in _parts(whole, width):
            if line and len((line + part).rstrip()) > width:
                lines.append(line.rstrip())
                line = ""
            line += part
        lines.append(line.rstrip())
    return "\n".join(filter(None, lines))


def _parts(text: str, width: int) -> Iterator[str]:
    """What must not be broken, with the blanks that follow it."""
    for part in re.findall(r"[^\s+/_]*[+/_]*\s*", text):
        for piece in re.findall(r"[^-]*-*", part) if len(part.rstrip()) > width else [part]:
            yield from (piece[start : start + width] for start in range(0, len(piece), width))


def name_figure(figure: Figure, title: str, timings: pd.DataFrame, *notes: str) -> None:
    """What it shows, of which records, and how it is to be read; empty notes are passed over."""
    lines = [what(timings), *filter(None, notes)]
    width = int(CHARACTERS_AN_INCH * figure.get_figwidth())
    wrapped = [textwrap.fill(line, width, break_on_hyphens=False) for line in lines]
    figure.suptitle("\n".join([title, *wrapped]), fontsize=9)


def name_series(figure: Figure, handles: Sequence[Artist], labels: Sequence[str]) -> None:
    """A legend below all panels, in as many columns as its longest name leaves room for."""
    inches = 0.5 + max(map(len, labels)) / CHARACTERS_AN_INCH
    columns = max(1, min(len(labels), int((figure.get_figwidth() - 0.2) / inches)))
    figure.legend(
        handles, labels, loc="outside lower center", ncols=columns, columnspacing=1.2,
        handlelength=1.6,
    )  # fmt: skip


def fitting(timings: pd.DataFrame, least: float = LEAST_LINE, below: float = 0) -> pd.DataFrame:
    """The records, with data sets of like times as one where a figure cannot hold a line for each.

    Args:
        least: inches of a line of a list; ``below``: of what else is in a panel.
    """
    shown = panels(timings)
    lines = max(rows.groupby(["dataset", "method"]).ngroups for _, rows in shown)
    rows = math.ceil(len(shown) / MOST_COLUMNS)
    if rows * (lines * least + below + HEAD) <= MOST_HEIGHT - FRAME:
        return timings
    medians = timings.groupby(["dataset", "method"])["total_time_ms"].median()
    groups = apart(medians.groupby("dataset").max())
    names = {name: _pooled(group) for group in groups for name in group}
    return timings.assign(dataset=timings["dataset"].map(names))


def _pooled(group: Sequence[str]) -> str:
    return group[0] if len(group) == 1 else f"{len(group)} data sets"


def line_height(timings: pd.DataFrame) -> float:
    """Inches of one data set in a list: a line for each method."""
    return max(0.3, LINE * timings["method"].nunique())


def apart(sizes: pd.Series) -> list[list[str]]:
    """Names in groups, small ones first, where one scale would hide the small beside the large.

    In a group names are in the order of the alphabet, from the bottom up.
    """
    groups: list[list[str]] = []
    last = -np.inf
    for name, size in sizes.sort_values(kind="stable").items():
        if not groups or size > LEAP * last:
            groups.append([])
        groups[-1].append(str(name))
        last = size
    return [sorted(group, reverse=True) for group in groups]


def with_numbers(rows: pd.DataFrame, names: Iterable[str]) -> list[str]:
    """Data sets with the number of requests that each method has of them."""
    counts = rows.groupby(["dataset", "method"]).size().groupby("dataset").agg(["min", "max"])
    return [
        f"{name} (n={span(*counts.loc[name])})" if name in counts.index else name for name in names
    ]


def span(low: int, high: int) -> str:
    """Two numbers, or one where they are equal."""
    return f"{low}" if low == high else f"{low}–{high}"


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


def runtimes_each(shown: Sequence[Panel]) -> int:
    """How many panels differ in runtime alone; 1 where it is not the same number everywhere."""
    numbers = Counter(tuple(rows[CONDITIONS_BUT_RUNTIME].iloc[0]) for _, rows in shown)
    return min(numbers.values()) if len(set(numbers.values())) == 1 else 1


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


def offsets(number: int) -> list[float]:
    """Places of ``number`` items around a tick of a list that reads from the top down."""
    return [(number - 1 - 2 * place) * 0.4 / number for place in range(number)]
