"""Whether requests grow slower while the run goes on: times of requests in the order they were made."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.figure import Figure

from ..columns import SHARD, method_title
from . import layout
from .choice import chosen, left_out, number_of
from .style import NothingToDrawError, dots, label_plainly, method_colour, method_mark, methods

HEIGHT = 1.9
# Requests of one point of the running median: so many, or a share of a method's; all of one shard.
FEWEST, SHARE = 10, 0.02
MINUTE, HOUR = 60.0, 3600.0
# The second hardly knows the data set: where the machine slows down, it shows.
KINDS = {"total_time_ms": "time of a\nrequest (ms)", "decode_avg_ms": "mean decode\nstep (ms)"}


def draw(timings: pd.DataFrame) -> Figure:
    """A dot per request and the running median of each method: in ms, and against its like.

    Raises:
        NothingToDrawError: the records do not say when they were made.
    """
    started = pd.to_datetime(timings["started_at"], errors="coerce", utc=True, format="ISO8601")
    if started.isna().all():
        raise NothingToDrawError("the records do not say when they were made: no drift")
    seconds = (started - started.min()).dt.total_seconds()
    scale, unit = _unit(float(seconds.max()))
    records = timings.assign(passed=seconds / scale)[started.notna()]
    kept = chosen(records).sort_values("passed", kind="stable")
    shown = layout.panels(kept)
    heights = [HEIGHT] * len(KINDS)
    figure, axes = layout.sheet(len(shown), heights, alike=layout.runtimes_each(shown))
    handles: dict[str, Artist] = {}
    for number, (title, rows) in enumerate(shown):
        for axis, (column, label) in zip(axes[number, :, 0], KINDS.items(), strict=True):
            for method in methods(rows):
                own = rows[rows["method"] == method]
                handles[method_title(method)] = _course(axis, own, column, method)
            _label(axis, label if layout.is_left(axes, number) else "")
        axes[number, 0, 0].tick_params(labelbottom=False)
        axes[number, -1, 0].set_xlabel(layout.wrapped(axes, f"since the first request ({unit})"))
        layout.name_panel(axes, number, f"{title} (n={len(rows)})")
    layout.name_series(figure, list(handles.values()), list(handles))
    layout.name_figure(
        figure, "Drift over the run", kept,
        "dots: requests; marks, bars: running medians and quartiles, shard by shard",
        left_out(len(shown), number_of(records)),
    )  # fmt: skip
    return figure


def _unit(seconds: float) -> tuple[float, str]:
    """Seconds of a unit in which the run can be read, and its name."""
    if seconds > 2 * HOUR:
        return HOUR, "hours"
    return (MINUTE, "minutes") if seconds > 2 * MINUTE else (1.0, "seconds")


def _course(axis: plt.Axes, own: pd.DataFrame, column: str, method: str) -> Artist:
    """Dots, and the running medians with their quartiles; the handle of the medians."""
    colour, some = method_colour(method), dots(own)
    axis.plot(some["passed"], some[column], ".", color=colour, alpha=0.35, ms=3, mew=0)
    size = max(FEWEST, int(SHARE * len(own)))
    parts = own.groupby(
        [own.groupby(_shard(own), sort=False).ngroup(), _place(own) // size], sort=False
    )
    low, middle, high = (parts[column].quantile(q) for q in (0.25, 0.5, 0.75))
    passed = parts["passed"].median()
    axis.vlines(passed, low, high, color=colour, lw=1)
    (line,) = axis.plot(
        passed, middle, color=colour, lw=0.8, marker=method_mark(method), ms=4, mec="white", mew=0.4
    )
    return line


def _place(own: pd.DataFrame) -> pd.Series:
    """Of each request in its shard and process, from 0."""
    return own.groupby(_shard(own)).cumcount()


def _shard(own: pd.DataFrame) -> list[str]:
    return [*SHARD, "process"] if "process" in own else list(SHARD)


def _label(axis: plt.Axes, label: str) -> None:
    axis.set_yscale("log")
    low, high = axis.get_ylim()
    if not np.isclose(low, high):
        label_plainly(axis.yaxis)
    axis.set_ylabel(label)
    axis.grid(alpha=0.3)
