"""Roofline (Williams et al., CACM 2009): what stages attain, under what the device can do."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ...runtime_table import RUNTIMES
from ...stages import Stage
from ..columns import SETUP, in_order
from ..roofs import Roofs
from .style import label_powers

STAGES = {stage.value: stage for stage in Stage}
MARKERS = "oDs^vpP8"
INK, PALE = "#333333", "#8c8c8c"
# Middle, width and height, in shares of the panel.
Box = tuple[float, float, float, float]


def draw(bottlenecks: pd.DataFrame, roofs: Roofs) -> Figure:
    """A panel a pair and setting: a large point per stage and method, a small one per data set.

    Args:
        bottlenecks: table of ``find_bottlenecks``; rows without a floor are left out.
        roofs: of the device that they were measured against.
    """
    known = bottlenecks.dropna(subset=["floor_ms"])
    known = known.assign(
        gflops=known["flops"] / known["median_ms"] / 1e6,
        intensity=known["flops"] / known["bytes"],
        panel=_joined(known, "pair", ["model_config.dtype", "model_config.weights", SETUP]),
        series=_joined(known, "method", ["runtime", "length_view"]),
    )
    points = known[known["flops"] > 0]
    panels = sorted(points["panel"].unique()) or ["no stage has a floor"]
    series = sorted(points["series"].unique())
    figure, axes = plt.subplots(
        len(panels), 1, figsize=(10, _height(known) * len(panels) + 1.1),
        squeeze=False, sharex=True, sharey=True,
    )  # fmt: skip
    limits = _limits(points, roofs)
    for axis, panel in zip(axes[:, 0], panels, strict=True):
        rows, own = known[known["panel"] == panel], points[points["panel"] == panel]
        axis.set(xscale="log", yscale="log", xlim=limits[0], ylim=limits[1])
        label_powers(axis)
        axis.set_title(panel, loc="left")
        axis.set_ylabel("attained rate (GFLOP/s)")
        axis.grid(color="#ececec", lw=0.8)
        axis.set_axisbelow(True)
        _draw_roofs(axis, figure.get_size_inches(), roofs, _dtypes(own, roofs))
        _draw_points(axis, own, series)
        _list_stages(axis, rows)
    axes[-1, 0].set_xlabel("arithmetic intensity (FLOP per byte moved)")
    handles = [
        Line2D([], [], ls="", marker=marker, color=INK, mec="white", ms=9, label=name)
        for name, marker in zip(series, _markers(series), strict=True)
    ]
    handles.append(
        Line2D([], [], ls="", marker="o", color=PALE, alpha=0.6, ms=4, label="a data set")
    )
    figure.legend(handles=handles, loc="outside lower center", frameon=False, fontsize=9, ncols=7)
    figure.suptitle(f"Roofline\n{_what(known, roofs)}", fontsize=11)
    return figure


def _draw_roofs(axis: plt.Axes, inches: np.ndarray, roofs: Roofs, dtypes: list[str]) -> None:
    """Sloped: bandwidth of the memory, and of the fastest cache measured. Flat: rate of a dtype.

    ``inches``: width and height of the figure.
    """
    left, right = axis.get_xlim()
    highest = max(roofs.flops_per_second[dtype] for dtype in dtypes) / 1e9
    fastest = max(rate for _, rate in roofs.copies)
    slopes = [("memory", roofs.memory_bytes_per_second, INK, 2.0)]
    if fastest > 1.2 * roofs.memory_bytes_per_second:
        slopes.append(("caches", fastest, PALE, 1.0))
    for name, rate, colour, width in slopes:
        ridge = highest * 1e9 / rate
        axis.plot([left, ridge], [left * rate / 1e9, highest], color=colour, lw=width, zorder=1)
        _label_slope(axis, inches, f"{name} {rate / 1e9:.3g} GB/s", rate / 1e9, colour)
    for dtype in dtypes:
        rate = roofs.flops_per_second[dtype] / 1e9
        start = rate / slopes[-1][1] * 1e9
        axis.plot([start, right], [rate, rate], color=INK, lw=2.0, zorder=1)
        axis.annotate(
            f"{dtype} products {rate:.4g} GFLOP/s", (right, rate), xytext=(-4, 4),
            textcoords="offset points", ha="right", va="bottom", fontsize=9, color=INK,
        )  # fmt: skip


def _label_slope(axis: plt.Axes, inches: np.ndarray, text: str, rate: float, colour: str) -> None:
    """Along the sloped roof, where it enters the panel."""
    (left, right), (bottom, top) = axis.get_xlim(), axis.get_ylim()
    x = max(left, bottom / rate) * (right / left) ** 0.03
    width, height = inches * (0.68, 0.8)
    angle = np.degrees(np.arctan2(height / np.log10(top / bottom), width / np.log10(right / left)))
    axis.annotate(
        text, (x, x * rate), xytext=(-3, 5), textcoords="offset points",
        rotation=angle, rotation_mode="anchor", transform_rotates_text=False,
        ha="left", va="bottom", fontsize=9, color=colour,
    )  # fmt: skip


def _draw_points(axis: plt.Axes, points: pd.DataFrame, series: list[str]) -> None:
    """Small and faint each data set; large the median of a stage in a method; a name a stage."""
    names, taken = [], []
    for stage, rows in points.groupby("stage", sort=True):
        colour = _colour(stage)
        axis.plot(rows["intensity"], rows["gflops"], ".", color=colour, alpha=0.45, ms=6, mew=0)
        for number, (name, marker) in enumerate(zip(series, _markers(series), strict=True)):
            own = rows.loc[rows["series"] == name, ["intensity", "gflops"]]
            if len(own):
                x, y = own.median()
                # Later marks are smaller, so that equal ones show through.
                size = max(12 - 2.2 * number, 5)
                axis.plot(x, y, marker, color=colour, mec="white", mew=1.0, ms=size, zorder=3)
                taken.append((*_share(axis, x, y), 0.03, 0.045))
        middle = rows[["intensity", "gflops"]].median()
        names.append((_share(axis, middle["intensity"], middle["gflops"]), _name(stage), colour))
    for (x, y), name, colour in sorted(names, key=lambda label: -label[0][1]):
        place = _free_place(x, y, 0.0115 * len(name), taken)
        taken.append(place)
        axis.text(
            place[0], place[1], name, transform=axis.transAxes, ha="center", va="center",
            color=colour, fontsize=9.5, fontweight="bold", zorder=4,
        )  # fmt: skip


def _free_place(x: float, y: float, width: float, taken: list[Box]) -> Box:
    """The first place around a point that overlaps nothing, going round it in widening circles."""
    for step in range(1, 8):
        away = 0.025 * step
        beside, over = width / 2 + away, 0.02 + away
        for dx, dy in ((beside, 0), (-beside, 0), (0, over), (0, -over), (beside, -over),
                       (-beside, -over), (beside, over), (-beside, over)):  # fmt: skip
            place = (x + dx, y + dy, width, 0.045)
            if not any(_overlap(place, other) for other in taken):
                return place
    return place


def _overlap(one: Box, other: Box) -> bool:
    is_near = abs(one[0] - other[0]) < (one[2] + other[2]) / 2
    return is_near and abs(one[1] - other[1]) < (one[3] + other[3]) / 2


def _share(axis: plt.Axes, x: float, y: float) -> tuple[float, float]:
    """A place in data as shares of the axes."""
    across, up = axis.transAxes.inverted().transform(axis.transData.transform((x, y)))
    return float(across), float(up)


def _list_stages(axis: plt.Axes, rows: pd.DataFrame) -> None:
    """Beside the panel: how far each stage is from its floor, the farthest first.

    Of several runtimes each has its own: what limits one is not what limits another.
    """
    stages = rows.groupby("stage")
    ratios = stages["time_over_floor"].median().sort_values(ascending=False)
    runtimes = in_order(rows["runtime"], RUNTIMES)
    handles = []
    for stage in ratios.index:
        own = stages.get_group(stage)
        star = "" if own["flops"].any() else "*"
        told = {name: _how_far(own[own["runtime"] == name]) for name in runtimes}
        lines = [f"\n{name}: {far}" for name, far in told.items() if far]
        text = f": {told[runtimes[0]]}" if len(runtimes) == 1 else "".join(lines)
        text = f"{_name(stage)}{star}{text}"
        handles.append(Line2D([], [], ls="", marker="s", color=_colour(stage), ms=9, label=text))
    if not rows["flops"].all():
        handles.append(Line2D([], [], ls="", label="* computes nothing: no point"))
    axis.legend(
        handles=handles, title="time / floor (bound by)", title_fontsize=9,
        fontsize=9 if len(runtimes) <= 1 else 8,
        alignment="left", loc="upper left", bbox_to_anchor=(1.01, 1.0), frameon=False,
        labelspacing=0.9 if len(runtimes) <= 1 else 0.5, handletextpad=0.4,
    )  # fmt: skip


def _height(known: pd.DataFrame) -> float:
    """Inches of a panel, the list beside it included."""
    stages, runtimes = known["stage"].nunique(), known["runtime"].nunique()
    return max(5.2, 1.0 + 0.15 * stages * (runtimes + 1.5))


def _how_far(rows: pd.DataFrame) -> str:
    """Time over floor and what bounds it, in the middle of some rows; nothing of none."""
    if rows.empty:
        return ""
    return f"{rows['time_over_floor'].median():.2g} ({rows['bound_by'].mode().iloc[0]})"


def _limits(points: pd.DataFrame, roofs: Roofs) -> tuple[tuple[float, float], tuple[float, float]]:
    """Axes that hold every point, the ridge and the flat roofs, with room for labels."""
    rates = [roofs.flops_per_second[dtype] / 1e9 for dtype in _dtypes(points, roofs)]
    ridge = max(rates) * 1e9 / roofs.memory_bytes_per_second
    across = [*points["intensity"], ridge]
    upward = [*points["gflops"], *rates]
    return (min(across) / 4, max(across) * 4), (min(upward) / 5, max(upward) * 3)


def _dtypes(points: pd.DataFrame, roofs: Roofs) -> list[str]:
    """The dtypes whose rates are roofs of these points; of no points, one to show."""
    used = set(points["model_config.dtype"])
    return [dtype for dtype in roofs.flops_per_second if dtype in used] or [
        next(iter(roofs.flops_per_second))
    ]


def _joined(table: pd.DataFrame, column: str, more: list[str]) -> pd.Series:
    """A name a row, with what else tells rows apart where there are several of it."""
    several = [name for name in more if name in table and table[name].nunique() > 1]
    names = table[[column, *several]].astype(str).agg(", ".join, axis=1)
    return names.replace(r", $", "", regex=True)  # where there is no setup to name


def _markers(series: list[str]) -> list[str]:
    return [MARKERS[number % len(MARKERS)] for number in range(len(series))]


def _name(stage: str) -> str:
    return STAGES[stage].label if stage in STAGES else stage.replace("_", " ")


def _colour(stage: str) -> str:
    return STAGES[stage].colour if stage in STAGES else PALE


def _what(known: pd.DataFrame, roofs: Roofs) -> str:
    """Device, dtypes and weights of the records."""
    dtypes, weights = (
        ", ".join(sorted(known[f"model_config.{key}"].unique())) for key in ("dtype", "weights")
    )
    return " · ".join(filter(None, [roofs.device, dtypes, weights and f"{weights} weights"]))
