"""What all figures share: colours, titles, and how they are saved."""

from __future__ import annotations

from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

# Okabe and Ito's palette, which colour-blind readers can tell apart.
STAGE_COLOURS = {
    "base_embedding_ms": "#999999",
    "base_prefill_ms": "#0072B2",
    "teacher_embedding_ms": "#F0E442",
    "teacher_prefill_ms": "#E69F00",
    "projector_total_ms": "#CC79A7",
    "decode_total_ms": "#009E73",
}
METHOD_COLOURS = {
    "c2c": "#009E73",
    "base": "#0072B2",
    "teacher": "#E69F00",
    "t2t": "#CC79A7",
    "c2c_closed": "#56B4E9",
    "c2c_shuffled": "#D55E00",
}
STAGE_NAMES = {
    "base_embedding_ms": "base embedding",
    "base_prefill_ms": "base prefill",
    "teacher_embedding_ms": "teacher embedding",
    "teacher_prefill_ms": "teacher prefill",
    "projector_total_ms": "projection",
    "decode_total_ms": "decode",
}
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


def what(timings: pd.DataFrame) -> str:
    """One line that says what a figure shows: pairs, device, dtype, weights, number of records."""

    def names(column: str) -> str:
        return ", ".join(map(str, timings[column].dropna().unique()))

    return (
        f"{names('pair')} · {names('model_config.device')} · {names('model_config.dtype')} · "
        f"{names('model_config.weights')} weights · n = {len(timings)}"
    )


def groups(timings: pd.DataFrame) -> list[tuple[tuple[str, str], pd.DataFrame]]:
    """The records of each pair and method, in a fixed order."""
    return [(key, rows) for key, rows in timings.groupby(["pair", "method"], sort=True)]


def label_powers(axis: plt.Axes) -> None:
    """Plain numbers along logarithmic axes: without formulas, powers would be shown as their code."""
    for along in (axis.xaxis, axis.yaxis):
        along.set_major_formatter("{x:g}")
        along.set_minor_formatter(NullFormatter())


def save(figure: Figure, png: Path, svg: Path) -> None:
    """Both files; the SVG has no date, so that equal records give equal bytes."""
    for path in (png, svg):
        path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(png, dpi=150)
    figure.savefig(svg, metadata={"Date": None})
    plt.close(figure)
