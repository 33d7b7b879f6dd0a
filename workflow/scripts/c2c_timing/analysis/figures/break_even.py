"""Time of a request against the length of the teacher's message: text-to-text rises, C2C does not."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.figure import Figure

from ...statistics import interval
from ..break_even import CACHE, TEXT, BreakEven, break_even, with_both
from ..columns import method_title
from . import layout
from .choice import chosen, left_out, number_of
from .style import NothingToDrawError, method_colour, method_mark

# Inches of the lines of one panel or two, of those of more; of a data set's break-even.
LINES, LOW_LINES, CROSSING = 2.4, 1.7, 0.19
# Where there is little room: of the lines with the axes' names, and of a data set.
LABELS, LEAST_CROSSING = 1.5, 0.14
# Letters of the axes' names.
SMALL_AN_INCH = 15


def draw(timings: pd.DataFrame) -> Figure:
    """Both methods' lines with 95 % bands and their crossing; below, each data set's crossing.

    Raises:
        NothingToDrawError: C2C or text-to-text is missing.
    """
    both = with_both(timings)
    kept = chosen(both)
    shown = [(title, rows, break_even(rows)) for title, rows in layout.panels(kept)]
    shown = [item for item in shown if item[2]]
    if not shown:
        raise NothingToDrawError("no records of both c2c and t2t: no break-even")
    names = (
        kept["dataset"].value_counts(sort=False).sort_values(ascending=False, kind="stable").index
    )
    listed = set(names[: layout.most_lines(len(shown), LABELS, LEAST_CROSSING)])
    most = max(len(listed & set(found)) for *_, found in shown)
    heights = [LINES if len(shown) <= 2 else LOW_LINES, CROSSING * most + 0.2]
    alike = layout.runtimes_each([(title, rows) for title, rows, _ in shown])
    figure, axes = layout.sheet(len(shown), heights, alike=alike)
    handles: dict[str, Artist] = {}
    for number, (title, rows, found) in enumerate(shown):
        lines, crossings = axes[number, :, 0]
        handles |= _lines(lines, found[""], rows)
        by_data_set = {name: point for name, point in found.items() if name in listed}
        _crossings(crossings, by_data_set, layout.is_left(axes, number))
        if layout.is_left(axes, number):
            lines.set_ylabel("time of a request (ms)")
        told = _told(found[""], layout.columns_of(axes) == 1)
        lines.set_xlabel(layout.wrapped(axes, told, SMALL_AN_INCH), fontsize=8)
        layout.name_panel(axes, number, f"{title} (n={found[''].num_samples})")
    layout.name_series(figure, list(handles.values()), list(handles))
    layout.name_figure(
        figure, "Break-even of cache and text", kept,
        "above: both methods at the median prompt and answer, bands: 95 %",
        "below: break-even of each data set, 95 % over its n samples; left of 0 C2C is always cheaper",
        f"below: the {len(listed)} data sets with most requests" if len(listed) < len(names) else "",
        left_out(number_of(kept), number_of(both)),
    )  # fmt: skip
    return figure


def _lines(axis: plt.Axes, found: BreakEven, rows: pd.DataFrame) -> dict[str, Artist]:
    """The upper axes; handles for the legend by their labels."""
    crossing, low, high = found.tokens
    seen = rows.loc[rows["method"] == TEXT, ["num_teacher_tokens", "total_time_ms"]].astype(float)
    furthest = np.nanmax([1.3 * seen["num_teacher_tokens"].max(), 1.6 * crossing])
    messages = np.linspace(0, furthest, 60)
    text = found.t2t_ms[:, None] + found.t2t_ms_per_token[:, None] * messages
    cache = np.broadcast_to(found.c2c_ms[:, None], text.shape)
    handles: dict[str, Artist] = {}
    for method, times in ((TEXT, text), (CACHE, cache)):
        colour = method_colour(method)
        (handles[method_title(method)],) = axis.plot(
            messages, times[0], color=colour, marker=method_mark(method), markevery=(9, 20),
            mec="white", ms=5,
        )  # fmt: skip
        ends = np.array([interval(column, found.num_samples) for column in times[1:].T])
        axis.fill_between(messages, *ends.T, color=colour, alpha=0.25, lw=0)
    middle = seen.groupby("num_teacher_tokens")["total_time_ms"].median()
    label = f"{method_title(TEXT)}, median measured"
    (handles[label],) = axis.plot(
        middle.index, middle, ".", color=method_colour(TEXT), ms=6, mec="white", mew=0.4
    )
    if crossing > 0:
        axis.axvline(crossing, color="black", lw=1, ls=":")
        if not np.isnan(low):
            axis.axvspan(max(low, 0), high, color="black", alpha=0.1, lw=0)
        axis.plot([crossing], [found.c2c_ms[0]], "o", color="black", ms=4)
    axis.set_xlim(0, furthest)
    axis.set_ylim(bottom=0)
    return handles


def _told(found: BreakEven, has_room: bool) -> str:
    """What stands below the lines: the setting and the finding, or its number alone."""
    if has_room:
        setting = f"prompt {found.setting.prompt:.0f}, answer {found.setting.answer:.0f} tokens"
        return f"length of the message (tokens)\n{setting}; n={found.num_samples}\n{found.finding}"
    crossing, low, high = found.tokens
    ends = "" if np.isnan(low) else f" ({low:z.0f} to {high:z.0f})"
    number = "unknown" if np.isnan(crossing) else f"{crossing:z.0f}{ends}"
    return f"message (tokens)\nbreak-even: {number}"


def _crossings(axis: plt.Axes, found: dict[str, BreakEven], is_left: bool) -> None:
    names = sorted(found, reverse=True)
    for place, name in enumerate(names):
        crossing, low, high = found[name].tokens
        if not np.isnan(low):
            axis.plot([low, high], [place, place], color="black", lw=1.5)
        axis.plot([crossing], [place], "o", color="black", mec="white", ms=5)
    axis.axvline(0, color="#999999", lw=1)
    axis.set_yticks(range(len(names)), [f"{name} (n={found[name].num_samples})" for name in names])
    axis.tick_params(axis="y", labelleft=is_left)
    axis.set_ylim(-0.6, len(names) - 0.4)
    axis.grid(axis="x", alpha=0.3)
    axis.set_xlabel("break-even (tokens)", fontsize=8)
