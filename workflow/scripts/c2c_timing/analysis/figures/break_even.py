"""Time of a request against the length of the teacher's message: text-to-text rises, C2C does not."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from ...statistics import interval
from ..break_even import CACHE, TEXT, BreakEven, break_even
from ..columns import method_title
from .style import NothingToDrawError, method_colour, panels, what


def draw(timings: pd.DataFrame) -> Figure:
    """Both methods' lines with 95 % bands and their crossing; on the right each data set's crossing.

    Raises:
        NothingToDrawError: C2C or text-to-text is missing.
    """
    shown = [(title, rows, break_even(rows)) for title, rows in panels(timings)]
    shown = [item for item in shown if item[2]]
    if not shown:
        raise NothingToDrawError("no records of both c2c and t2t: no break-even")
    figure, axes = plt.subplots(
        len(shown), 2, figsize=(11, 4.2 * len(shown) + 0.9), squeeze=False, width_ratios=[3, 2]
    )
    for (lines, crossings), (title, rows, found) in zip(axes, shown, strict=True):
        _lines(lines, found[""], rows)
        lines.set_title(title, loc="left")
        _crossings(crossings, {name: point for name, point in found.items() if name})
    figure.suptitle(f"Break-even of cache and text\n{what(timings)}", fontsize=11)
    return figure


def _lines(axis: plt.Axes, found: BreakEven, rows: pd.DataFrame) -> None:
    crossing, low, high = found.tokens
    seen = rows.loc[rows["method"] == TEXT, ["num_teacher_tokens", "total_time_ms"]]
    furthest = np.nanmax([1.3 * seen["num_teacher_tokens"].max(), 1.6 * crossing])
    messages = np.linspace(0, furthest, 60)
    text = found.t2t_ms[:, None] + found.t2t_ms_per_token[:, None] * messages
    cache = np.broadcast_to(found.c2c_ms[:, None], text.shape)
    for method, times in ((TEXT, text), (CACHE, cache)):
        colour = method_colour(method)
        axis.plot(messages, times[0], color=colour, label=method_title(method))
        ends = np.array([interval(column, found.num_samples) for column in times[1:].T])
        axis.fill_between(messages, *ends.T, color=colour, alpha=0.25, lw=0)
    middle = seen.groupby("num_teacher_tokens")["total_time_ms"].median()
    axis.plot(
        middle.index, middle, ".", color=method_colour(TEXT), ms=9, mec="white",
        label=f"{method_title(TEXT)}, median measured",
    )  # fmt: skip
    if crossing > 0:
        axis.axvline(crossing, color="black", lw=1, ls=":")
        if not np.isnan(low):
            axis.axvspan(max(low, 0), high, color="black", alpha=0.1, lw=0)
        axis.plot([crossing], [found.c2c_ms[0]], "o", color="black")
    axis.set_xlim(0, furthest)
    axis.set_ylim(bottom=0)
    axis.set_xlabel(
        "length of the teacher's message (tokens)\n"
        f"at the median prompt ({found.setting.prompt:.0f} tokens) and answer "
        f"({found.setting.answer:.0f} tokens); bands: 95 %"
    )
    axis.set_ylabel("time of a request (ms)")
    axis.text(0.99, 0.02, found.finding, transform=axis.transAxes, ha="right", fontsize=9)
    axis.legend(frameon=False, fontsize=9, loc="upper left")


def _crossings(axis: plt.Axes, found: dict[str, BreakEven]) -> None:
    names = sorted(found, reverse=True)
    for place, name in enumerate(names):
        crossing, low, high = found[name].tokens
        if not np.isnan(low):
            axis.plot([low, high], [place, place], color="black", lw=2)
        axis.plot([crossing], [place], "o", color="black", mec="white")
    axis.axvline(0, color="#999999", lw=1)
    axis.set_yticks(range(len(names)), names)
    axis.grid(axis="x", alpha=0.3)
    axis.set_xlabel(
        "break-even length of the message (tokens), 95 %\nleft of 0: C2C is cheaper at any length"
    )
