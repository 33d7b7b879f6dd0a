"""What all figures share: colours, names, panels, and how they are saved."""

from __future__ import annotations

from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from ..record_lines import CONDITIONS, METHOD_NAMES

# Okabe and Ito's palette, which colour-blind readers can tell apart.
STAGE_COLOURS = {
    "base_embedding_ms": "#999999",
    "base_prefill_ms": "#0072B2",
    "teacher_embedding_ms": "#F0E442",
    "teacher_prefill_ms": "#E69F00",
    "projector_total_ms": "#CC79A7",
    "teacher_decode_total_ms": "#D55E00",
    "handover_ms": "#000000",
    "decode_total_ms": "#009E73",
}
STAGE_NAMES = {
    "base_embedding_ms": "base embedding",
    "base_prefill_ms": "base prefill",
    "teacher_embedding_ms": "teacher embedding",
    "teacher_prefill_ms": "teacher prefill",
    "projector_total_ms": "projection",
    "teacher_decode_total_ms": "teacher's message",
    "handover_ms": "handover",
    "decode_total_ms": "decode",
}
METHOD_COLOURS = {
    "base": "#0072B2",
    "teacher": "#E69F00",
    "t2t": "#CC79A7",
    "c2c": "#009E73",
    "c2c_closed": "#56B4E9",
    "c2c_shuffled": "#D55E00",
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
        f"{names('model_config.weights')} weights · {len(timings)} requests"
    )


def panels(timings: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """Records that may stand in one panel (one pair, device, length view …), with a title.

    The title names what differs between panels; the pair always.
    """
    varying = [c for c in CONDITIONS if c == "pair" or timings[c].nunique() > 1]
    found = []
    for key, rows in timings.groupby(CONDITIONS, sort=True):
        values = dict(zip(CONDITIONS, key, strict=True))
        words = [f"{v} length" if c == "length_view" else str(v) for c, v in values.items()
                 if c in varying]  # fmt: skip
        found.append((", ".join(words), rows))
    return found


def methods(timings: pd.DataFrame) -> list[str]:
    """The methods that have records, in a fixed order; unknown ones last."""
    present = set(timings["method"])
    return [m for m in METHOD_NAMES if m in present] + sorted(present - set(METHOD_NAMES))


def method_name(method: str) -> str:
    """A method as figures and tables call it."""
    return METHOD_NAMES.get(method, method)


def method_colour(method: str) -> str:
    """A method's colour in every figure."""
    return METHOD_COLOURS.get(method, "#555555")


def offsets(number: int) -> list[float]:
    """Places of ``number`` items around a tick of a list that reads from the top down."""
    return [(number - 1 - 2 * place) * 0.4 / number for place in range(number)]


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
