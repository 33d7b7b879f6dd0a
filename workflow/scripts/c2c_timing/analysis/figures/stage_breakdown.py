"""Where the time of a request goes, per data set, all methods side by side: in ms, and in shares."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from ...stages import STAGE_KEYS, Stage
from ..columns import method_title
from ..numbers import rounded
from .style import methods, offsets, panels, share_scale, what


def draw(timings: pd.DataFrame) -> Figure:
    """Stacked bars of the mean of each stage; one line of panels per pair and length view."""
    shown = panels(timings)
    bars = max(rows.groupby(["dataset", "method"]).ngroups for _, rows in shown)
    height = len(shown) * (max(0.36 * timings["dataset"].nunique(), 0.2 * bars) + 1.2) + 1.0
    figure, axes = plt.subplots(
        len(shown), 2, figsize=(10, height), squeeze=False, width_ratios=[3, 2]
    )
    for (milliseconds, shares), (title, rows) in zip(axes, shown, strict=True):
        _panel(milliseconds, shares, rows)
        milliseconds.set_title(title, loc="left")
    share_scale(axes[:, 0], shown)
    used = [stage for stage in Stage if timings[stage.key].notna().any()]
    handles = [plt.Rectangle((0, 0), 1, 1, color=stage.colour) for stage in used]
    figure.legend(
        handles, [stage.label for stage in used], ncols=min(len(used), 6), frameon=False,
        loc="outside lower center", fontsize=9, columnspacing=1.2, handlelength=1.2,
    )  # fmt: skip
    figure.suptitle(f"Stages of a request\n{what(timings)}", fontsize=11)
    return figure


def _panel(milliseconds: plt.Axes, shares: plt.Axes, rows: pd.DataFrame) -> None:
    datasets, shown = sorted(rows["dataset"].unique(), reverse=True), methods(rows)
    means = rows.groupby(["dataset", "method"])[list(STAGE_KEYS)].mean().fillna(0)
    bars = [
        (place + offset, dataset, method)
        for place, dataset in enumerate(datasets)
        for offset, method in zip(offsets(len(shown)), shown, strict=True)
        if (dataset, method) in means.index
    ]
    places = np.array([place for place, *_ in bars])
    means = means.loc[[(dataset, method) for _, dataset, method in bars]]
    totals = means.sum(axis=1)
    height = 0.7 / len(shown)
    _stack(milliseconds, places, means, height)
    _stack(shares, places, means.div(totals, axis=0) * 100, height)
    size = 9 if len(shown) == 1 else 7
    for place, total in zip(places, totals, strict=True):
        milliseconds.text(total, place, f" {rounded(total, 3)}", va="center", fontsize=size)
    if len(shown) == 1:
        milliseconds.set_yticks(places, datasets)
    else:
        milliseconds.set_yticks(places, [method_title(m) for *_, m in bars], fontsize=7)
        milliseconds.set_yticks(range(len(datasets)), datasets, minor=True)
        milliseconds.tick_params(axis="y", which="minor", pad=72, length=0)
    shares.set_yticks(places, [""] * len(places))
    milliseconds.set_xlim(0, totals.max() * 1.13)
    milliseconds.set_xlabel("mean time per request (ms)")
    shares.set_xlabel("share of the request (%)")
    shares.set_xlim(0, 100)


def _stack(axis: plt.Axes, places: np.ndarray, values: pd.DataFrame, height: float) -> None:
    left = np.zeros(len(values))
    for stage in Stage:
        axis.barh(places, values[stage.key], left=left, color=stage.colour, height=height)
        left += values[stage.key].to_numpy()
