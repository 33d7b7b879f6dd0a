"""The ladder of runtimes: time of each method, C2C against the others, and break-even, on each rung."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ...method_table import METHODS, SUBJECT
from ...runtime_table import RUNTIMES
from ..columns import CONDITIONS_BUT_RUNTIME, in_order, method_title
from ..deciding import MARGIN, SAME, UNTOLD
from ..ladder import BREAK_EVEN, BY_DATASET, C2C_SPEEDUP, OVERALL, REQUEST, ladder
from ..turns import conclusion, turns
from . import layout
from .choice import chosen, left_out, number_of
from .style import (
    SAME_MARK,
    UNCLEAR_MARK,
    NothingToDrawError,
    label_plainly,
    label_ratios,
    method_colour,
    method_mark,
)

# What one column of panels is of.
LADDER = [*CONDITIONS_BUT_RUNTIME, "dataset"]
# More of them in a line have no room for conclusions; still more begin another line, of two.
MOST_TOLD, MOST_COLUMNS, MOST_LINES = 4, 6, 2
# Letters of conclusions, and of titles of many columns.
SMALL_AN_INCH, TITLE_AN_INCH = 16, 14.5
# How far apart the methods of a rung stand, in shares of what lists use.
CLOSENESS = 0.6
VERDICT_MARKS = {SAME: SAME_MARK, UNTOLD: UNCLEAR_MARK}


@dataclass(frozen=True)
class Kind:
    """A sort of panel: what it draws, of which column of the table; its inches and its short name."""

    draw: Callable[[plt.Axes, pd.DataFrame], None]
    column: str
    height: float
    short: str


def draw(timings: pd.DataFrame, margin: float = MARGIN) -> Figure:
    """A column of panels for each pair, setting and length view, over all samples.

    Raises:
        NothingToDrawError: no pair ran under several runtimes.
    """
    several = timings[_has_rungs(timings, CONDITIONS_BUT_RUNTIME)]
    kept = chosen(several, MOST_COLUMNS, CONDITIONS_BUT_RUNTIME)
    table = ladder(kept, margin=margin, scopes=[OVERALL])
    note = left_out(*(number_of(of, CONDITIONS_BUT_RUNTIME) for of in (kept, several)))
    return _draw(table, kept, note)


def draw_by_data_set(timings: pd.DataFrame, margin: float = MARGIN) -> Figure:
    """The same for each data set, that of the shortest prompts first.

    Raises:
        NothingToDrawError: no pair ran under several runtimes.
    """
    several = timings[_has_rungs(timings, LADDER)]
    kept = chosen(several, MOST_COLUMNS * MOST_LINES, LADDER)
    table = ladder(kept, margin=margin, scopes=[BY_DATASET])
    lengths = kept.groupby("dataset")["prompt_length"].median()
    table = table.assign(prompt=table["dataset"].map(lengths)).sort_values("prompt", kind="stable")
    note = left_out(*(number_of(of, LADDER) for of in (kept, several)))
    return _draw(table, kept, note)


def _has_rungs(timings: pd.DataFrame, ladders: list[str]) -> pd.Series:
    """Which records are of a ladder: of what ran under several runtimes."""
    return timings.groupby(ladders)["runtime"].transform("nunique") > 1


def _draw(table: pd.DataFrame, timings: pd.DataFrame, note: str) -> Figure:
    if table.empty:
        raise NothingToDrawError("one runtime only: no ladder")
    kinds = [kind for kind in KINDS if table[kind.column].notna().any()]
    ladders = [
        rows
        for _, alike in table.groupby(CONDITIONS_BUT_RUNTIME, sort=True)
        for _, rows in alike.groupby("dataset", sort=False)
    ]
    lines = math.ceil(len(ladders) / MOST_COLUMNS)
    width = math.ceil(len(ladders) / lines)
    heights = [kind.height for kind in kinds] * lines
    squeeze = min(1.0, (layout.MOST_HEIGHT - layout.FRAME) / sum(heights))
    inches = squeeze * sum(heights) + layout.FRAME
    figure, axes = plt.subplots(
        len(heights), width, figsize=(layout.WIDTH, inches),
        squeeze=False, height_ratios=heights, sharey="row",
    )  # fmt: skip
    # From lines of panels to columns: (lines * width, kinds).
    columns = axes.reshape(lines, len(kinds), width).swapaxes(1, 2).reshape(-1, len(kinds))
    for column, rows in zip(columns, ladders, strict=False):
        _ladder(column, kinds, rows, table, width)
    for axis in columns[len(ladders) :].ravel():
        axis.set_visible(False)
    for axis in axes[:, 1:].ravel():
        axis.set_ylabel("")
    if lines > 1:
        for axis, kind in zip(axes[:, 0], kinds * lines, strict=True):
            axis.set_ylabel(kind.short, fontsize=7)
    _legend(figure, table)
    over = " or ".join(sorted(table["interval_over"].unique(), reverse=True))
    layout.name_figure(
        figure, "The ladder of runtimes", timings, f"bars: 95 % interval over {over}", note
    )
    return figure


def _ladder(
    axes: np.ndarray, kinds: Sequence[Kind], rows: pd.DataFrame, among: pd.DataFrame, width: int
) -> None:
    """One column of panels, of so many beside each other."""
    runtimes = _runtimes(rows)
    for axis, kind in zip(axes, kinds, strict=True):
        kind.draw(axis, rows)
        axis.set_xticks(range(len(runtimes)), runtimes)
        axis.set_xlim(-0.5, len(runtimes) - 0.5)
        is_told = width <= MOST_TOLD or axis is axes[-1]
        rotation = 0 if width <= 2 else 90 if width > MOST_TOLD else 30
        axis.tick_params(axis="x", labelrotation=rotation, labelbottom=is_told)
        axis.grid(axis="y", alpha=0.3)
    if width > MOST_TOLD:
        for axis in axes:
            axis.set_xlabel("")
    for axis in axes:
        axis.set_xlabel(_wrapped(axis.get_xlabel(), width, SMALL_AN_INCH), fontsize=7, loc="left")
    pair, *others = layout.condition_words(rows.iloc[0][CONDITIONS_BUT_RUNTIME].to_dict(), among)
    samples = f"n={layout.span(rows['num_samples'].min(), rows['num_samples'].max())}"
    words = ", ".join([*others, *filter(None, [rows["dataset"].iloc[0]]), samples])
    an_inch, size = (TITLE_AN_INCH, 8) if width > 2 else (layout.CHARACTERS_AN_INCH, 9)
    axes[0].set_title(_wrapped(f"{pair}\n{words}", width, an_inch), loc="left", fontsize=size)


def _wrapped(text: str, width: int, an_inch: float) -> str:
    """A text in lines that are no wider than one of so many columns."""
    return layout.broken(text, int(an_inch * (layout.WIDTH - 0.9) / width))


def _requests(axis: plt.Axes, rows: pd.DataFrame) -> None:
    """Time of a request by each method."""
    _series(axis, rows, in_order(rows["method"], METHODS), REQUEST)
    axis.set_yscale("log")
    label_plainly(axis.yaxis)
    axis.set_ylabel("time of a request (ms)\ngeometric mean")


def _against(axis: plt.Axes, rows: pd.DataFrame) -> None:
    """C2C against the other methods, and where the verdict turns."""
    axis.axhline(1, color="black", lw=1)
    others = in_order(rows.loc[rows["c2c_verdict"].notna(), "method"], METHODS)
    _series(axis, rows, others, C2C_SPEEDUP)
    conclusions = []
    for place, other in _places(others):
        own = rows[rows["method"] == other]
        verdicts = _verdicts(own)
        conclusions.append(f"{method_title(other)}: {conclusion(verdicts)}")
        centre = own.set_index("runtime")[C2C_SPEEDUP[0]]
        steps = _runtimes(rows)
        for turn in turns(verdicts):
            ends = [turn.last, turn.at]
            axis.plot(
                [steps.index(end) + place for end in ends], centre[ends],
                color=method_colour(other), lw=7, alpha=0.3, solid_capstyle="round", zorder=1,
            )  # fmt: skip
    axis.set_yscale("log")
    label_ratios(axis.yaxis)
    axis.set_ylabel(f"time of the other method /\ntime of {method_title(SUBJECT)} (ratio)")
    note = f"above 1: {method_title(SUBJECT)} is faster. Against"
    axis.set_xlabel("\n".join([note, *conclusions]), fontsize=7, loc="left")


def _break_evens(axis: plt.Axes, rows: pd.DataFrame) -> None:
    """From which length of message on C2C costs less."""
    known = rows.dropna(subset=[BREAK_EVEN[0]])
    _dots(axis, _steps(known, rows), known[BREAK_EVEN], "black", "o")
    axis.axhline(0, color="#999999", lw=1)
    axis.set_ylabel("break-even length of\nthe message (tokens)")
    axis.set_xlabel("below 0: C2C is cheaper at any length", fontsize=7, loc="left")


KINDS = (
    Kind(_requests, REQUEST[0], 2.8, "request\n(ms)"),
    Kind(_against, C2C_SPEEDUP[0], 3.0, "C2C faster\n(ratio)"),
    Kind(_break_evens, BREAK_EVEN[0], 2.2, "break-even\n(tokens)"),
)


def _series(axis: plt.Axes, rows: pd.DataFrame, methods: list[str], columns: list[str]) -> None:
    """Dots of each method, with their intervals and a thin line from rung to rung."""
    for place, method in _places(methods):
        own = _in_order_of_runtimes(rows[rows["method"] == method].dropna(subset=columns[:1]))
        steps = _steps(own, rows) + place
        axis.plot(steps, own[columns[0]], color=method_colour(method), lw=0.8, alpha=0.6)
        told_apart = VERDICT_MARKS if columns == C2C_SPEEDUP else {}
        usual = method_mark(method)
        marks = np.array([told_apart.get(verdict, usual) for verdict in own["c2c_verdict"]])
        for mark in dict.fromkeys(marks):
            alike = marks == mark
            _dots(axis, steps[alike], own.loc[alike, columns], method_colour(method), mark)


def _dots(axis: plt.Axes, steps: np.ndarray, values: pd.DataFrame, colour: str, mark: str) -> None:
    """Dots and their intervals, which need not hold them."""
    centre, low, high = values.to_numpy(float).T
    axis.vlines(steps, low, high, color=colour, lw=2)
    for end in (low, high):
        axis.plot(steps, end, "_", color=colour, ms=6)
    axis.plot(steps, centre, ls="", marker=str(mark), color=colour, mec="white", ms=6)


def _legend(figure: Figure, table: pd.DataFrame) -> None:
    handles = [
        Line2D([], [], color=method_colour(m), marker=method_mark(m), mec="white", ms=6, lw=0.8,
               label=method_title(m))
        for m in in_order(table["method"], METHODS)
    ]  # fmt: skip
    verdicts = table["c2c_verdict"].dropna()
    for verdict, label in ((SAME, "same"), (UNTOLD, "not distinguishable from 1")):
        if (verdicts == verdict).any():
            handles.append(Line2D([], [], ls="", marker=VERDICT_MARKS[verdict], color="#555555",
                                  mec="white", ms=6, label=label))  # fmt: skip
    if any(turns(_verdicts(own)) for _, own in table.groupby([*LADDER, "method"])):
        handles.append(Line2D([], [], color="#555555", alpha=0.3, lw=7, label="the verdict turns"))
    layout.name_series(figure, handles, [str(handle.get_label()) for handle in handles])


def _places(methods: list[str]) -> list[tuple[float, str]]:
    """Where each method's dots stand beside the middle of a rung, from the left."""
    places = [-CLOSENESS * place for place in layout.offsets(len(methods))]
    return list(zip(places, methods, strict=True))


def _runtimes(rows: pd.DataFrame) -> list[str]:
    return in_order(rows["runtime"], RUNTIMES)


def _in_order_of_runtimes(own: pd.DataFrame) -> pd.DataFrame:
    return own.set_index("runtime").loc[_runtimes(own)].reset_index()


def _verdicts(own: pd.DataFrame) -> dict[str, str]:
    """Verdicts on a method by runtime, in the order of the ladder."""
    known = _in_order_of_runtimes(own.dropna(subset=["c2c_verdict"]))
    return dict(zip(known["runtime"], known["c2c_verdict"], strict=True))


def _steps(own: pd.DataFrame, rows: pd.DataFrame) -> np.ndarray:
    """Places of the rungs of some rows among those of the ladder."""
    return own["runtime"].map(_runtimes(rows).index).to_numpy(float)
