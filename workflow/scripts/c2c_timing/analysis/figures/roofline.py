"""Roofline (Williams et al., CACM 2009): what stages attain, under what the device can do."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ...runtime_table import RUNTIMES
from ...stages import Stage
from ..columns import SETUP, in_order
from ..roofs import Roofs
from . import layout
from .choice import left_out
from .style import label_powers, method_mark, runtime_fill

STAGES = {stage.value: stage for stage in Stage}
# More would leave no room for the list beside each.
MOST_PANELS = 2
# Inches of a line in the list beside a panel.
LINE = 0.16
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
    every = sorted(points["panel"].unique()) or ["no stage has a floor"]
    panels = every[:MOST_PANELS]
    looks = {name: rows.iloc[0] for name, rows in points.groupby("series", sort=True)}
    figure, axes = plt.subplots(
        len(panels), 1, figsize=(layout.WIDTH, _height(known, len(panels))),
        squeeze=False, sharex=True, sharey=True,
    )  # fmt: skip
    limits = _limits(points, roofs)
    inches = figure.get_size_inches() / (1, len(panels))
    for axis, panel in zip(axes[:, 0], panels, strict=True):
        rows, own = known[known["panel"] == panel], points[points["panel"] == panel]
        axis.set(xscale="log", yscale="log", xlim=limits[0], ylim=limits[1])
        label_powers(axis)
        axis.set_title(panel, loc="left")
        axis.set_ylabel("attained rate (GFLOP/s)")
        axis.grid(color="#ececec", lw=0.8)
        axis.set_axisbelow(True)
        _draw_roofs(axis, inches, roofs, _dtypes(own, roofs))
        _draw_points(axis, own, looks)
        _list_stages(axis, rows, figure.get_figheight() / len(panels))
    axes[-1, 0].set_xlabel("arithmetic intensity (FLOP per byte moved)")
    handles = [
        Line2D([], [], ls="", **_look(own), color=INK, mec=_edge(own, INK), ms=8, label=name)
        for name, own in looks.items()
    ]
    handles.append(
        Line2D([], [], ls="", marker="o", color=PALE, alpha=0.6, ms=4, label="a data set")
    )
    layout.name_series(figure, handles, [str(handle.get_label()) for handle in handles])
    counts = known.groupby(["panel", "series", "stage"])["count"].sum()
    numbers = f" · n={layout.span(counts.min(), counts.max())} a stage" if len(counts) else ""
    lines = ["Roofline", f"{_what(known, roofs)}{numbers}", "large: medians; small: data sets",
             left_out(len(panels), len(every))]  # fmt: skip
    figure.suptitle("\n".join(filter(None, lines)), fontsize=9)
    return figure


def _draw_roofs(axis: plt.Axes, inches: np.ndarray, roofs: Roofs, dtypes: list[str]) -> None:
    """Sloped: bandwidth of the memory, and of the fastest cache measured. Flat: rate of a dtype.

    ``inches``: width and height of a panel, with what is around it.
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
            textcoords="offset points", ha="right", va="bottom", fontsize=8, color=INK,
        )  # fmt: skip


def _label_slope(axis: plt.Axes, inches: np.ndarray, text: str, rate: float, colour: str) -> None:
    """Along the sloped roof, where it enters the panel."""
    (left, right), (bottom, top) = axis.get_xlim(), axis.get_ylim()
    x = max(left, bottom / rate) * (right / left) ** 0.03
    width, height = inches * (0.62, 0.72)
    angle = np.degrees(np.arctan2(height / np.log10(top / bottom), width / np.log10(right / left)))
    axis.annotate(
        text, (x, x * rate), xytext=(-3, 5), textcoords="offset points",
        rotation=angle, rotation_mode="anchor", transform_rotates_text=False,
        ha="left", va="bottom", fontsize=8, color=colour,
    )  # fmt: skip


def _draw_points(axis: plt.Axes, points: pd.DataFrame, looks: dict[str, pd.Series]) -> None:
    """Small and faint each data set; large the median of a stage in a method; a name a stage."""
    names, taken = [], []
    for stage, rows in points.groupby("stage", sort=True):
        colour = _colour(stage)
        axis.plot(rows["intensity"], rows["gflops"], ".", color=colour, alpha=0.45, ms=6, mew=0)
        for number, (name, look) in enumerate(looks.items()):
            own = rows.loc[rows["series"] == name, ["intensity", "gflops"]]
            if len(own):
                x, y = own.median()
                # Later marks are smaller, so that equal ones show through.
                size = max(10 - 1.5 * number, 5)
                axis.plot(
                    x,
                    y,
                    ls="",
                    **_look(look),
                    color=colour,
                    mec=_edge(look, colour),
                    ms=size,
                    zorder=3,
                )
                taken.append((*_share(axis, x, y), 0.05, 0.05))
        middle = rows[["intensity", "gflops"]].median()
        names.append((_share(axis, middle["intensity"], middle["gflops"]), _name(stage)))
    for (x, y), name in sorted(names, key=lambda label: -label[0][1]):
        place = _free_place(x, y, 0.016 * len(name), taken)
        taken.append(place)
        axis.text(
            place[0], place[1], name, transform=axis.transAxes, ha="center", va="center",
            color=INK, fontsize=8, fontweight="bold", zorder=4,
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


def _list_stages(axis: plt.Axes, rows: pd.DataFrame, inches: float) -> None:
    """Beside the panel: how far each stage is from its floor, the farthest first.

    Of several runtimes each has its own: what limits one is not what limits another. As many stages
    as the inches of the panel have lines for.
    """
    stages = rows.groupby("stage")
    ratios = stages["time_over_floor"].median().sort_values(ascending=False)
    runtimes = in_order(rows["runtime"], RUNTIMES)
    each = 1 if len(runtimes) <= 1 else len(runtimes) + 1
    most = max(1, int((inches / LINE - 5) / each))
    handles = []
    for stage in ratios.index[:most]:
        own = stages.get_group(stage)
        star = "" if own["flops"].any() else "*"
        told = {name: _how_far(own[own["runtime"] == name]) for name in runtimes}
        lines = [f"\n{name}: {far}" for name, far in told.items() if far]
        text = f": {told[runtimes[0]]}" if len(runtimes) == 1 else "".join(lines)
        text = f"{_name(stage)}{star}{text}"
        handles.append(Line2D([], [], ls="", marker="s", color=_colour(stage), ms=7, label=text))
    if len(ratios) > most:
        handles.append(Line2D([], [], ls="", label=f"{len(ratios) - most} stages nearer to theirs"))
    if not rows["flops"].all():
        handles.append(Line2D([], [], ls="", label="* computes nothing: no point"))
    axis.legend(
        handles=handles, title="time / floor (bound by)", title_fontsize=8,
        fontsize=8 if len(runtimes) <= 1 else 7,
        alignment="left", loc="upper left", bbox_to_anchor=(1.01, 1.0), frameon=False,
        labelspacing=0.9 if len(runtimes) <= 1 else 0.5, handletextpad=0.4,
    )  # fmt: skip


def _height(known: pd.DataFrame, number: int) -> float:
    """Inches of a figure with so many panels, the list beside each included."""
    stages, runtimes = known["stage"].nunique(), known["runtime"].nunique()
    panel = max(4.2, 1.0 + 0.14 * stages * (runtimes + 1.5))
    return min(layout.MOST_HEIGHT, layout.FRAME + panel * number)


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


def _look(row: pd.Series) -> dict[str, Any]:
    """A method's mark, filled as its runtime's are."""
    return {"marker": method_mark(row["method"]), "fillstyle": runtime_fill(row["runtime"])}


def _edge(row: pd.Series, colour: str) -> str:
    """A mark's edge: what is not filled would vanish in white."""
    return "white" if runtime_fill(row["runtime"]) == "full" else colour


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
