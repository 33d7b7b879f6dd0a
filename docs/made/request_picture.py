"""The picture of what is timed: one C2C request, its stages in their order and in their colours."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch

from c2c_timing.stages import Stage
from c2c_timing.whole_files import written_whole

OUTLINES: Any = {
    "svg.fonttype": "path",
    "svg.hashsalt": "c2c-timing",
    "font.size": 10,
    "figure.constrained_layout.use": False,
}
BASE, TEACHER = 2.0, 1.0
HEIGHT, GAP = 0.72, 0.06
# Where each stage stands: lane, width. Not to scale.
BOXES = (
    (Stage.BASE_EMBEDDING, BASE, 0.55),
    (Stage.BASE_PREFILL, BASE, 1.7),
    (Stage.TEACHER_EMBEDDING, TEACHER, 0.55),
    (Stage.TEACHER_PREFILL, TEACHER, 2.3),
    (Stage.PROJECTOR, BASE, 1.3),
)
STEP, STEPS = 0.62, ("1", "2", "3", "…", "T")
# Stages too short for their name.
SHORT = {Stage.BASE_EMBEDDING: "embed", Stage.TEACHER_EMBEDDING: "embed"}


def draw_request(path: Path) -> None:
    """The picture as SVG; letters are drawn as outlines, so that it looks alike everywhere."""
    with plt.rc_context(OUTLINES):
        figure = plt.figure(figsize=(9.6, 3.0))
        axes = figure.add_axes((0, 0, 1, 1))
        first, end = _stages(axes)
        _spans(axes, first, end)
        axes.set(xlim=(-1.3, end + 0.15), ylim=(-0.5, 3.2))
        axes.axis("off")
        with written_whole(path) as partial:
            figure.savefig(partial, format="svg", metadata={"Date": None})
        plt.close(figure)


def _stages(axes: Axes) -> tuple[float, float]:
    """Draw the boxes; where the first token is chosen, and where the last."""
    for lane, name in ((BASE, "base"), (TEACHER, "teacher")):
        axes.text(-0.12, lane, name, ha="right", va="center", weight="bold")
    x = 0.0
    for stage, lane, width in BOXES:
        _box(axes, x, lane, width, stage.colour, SHORT.get(stage, stage.label.replace(" ", "\n")))
        if stage is Stage.PROJECTOR:  # reads the teacher's cache, writes into the base's
            style = {"arrowstyle": "-|>", "lw": 1.6, "color": stage.colour}
            middle = x + width / 2
            start, tip = (middle, TEACHER + 0.02), (middle, BASE - HEIGHT / 2)
            axes.annotate("", xy=tip, xytext=start, arrowprops=style)
            words = "the teacher's cache,\nprojected into the base's"
            axes.text(x + 0.1, TEACHER - 0.02, words, ha="left", va="top", size=8)
        x += width + GAP
    first = x + STEP
    for token in STEPS:
        _box(axes, x, BASE, STEP, Stage.DECODE.colour, token)
        x += STEP + GAP
    words = "decode steps: one token each,\nLM head and choice inside"
    axes.text(first + 1.6 * STEP, BASE - HEIGHT / 2 - 0.08, words, ha="center", va="top", size=8)
    return first, x - GAP


def _box(axes: Axes, x: float, lane: float, width: float, colour: str, words: str) -> None:
    low = lane - HEIGHT / 2
    style = "round,pad=0,rounding_size=0.06"
    box = FancyBboxPatch((x, low), width, HEIGHT, boxstyle=style, facecolor=colour, lw=0)
    axes.add_patch(box)
    axes.text(x + width / 2, lane, words, ha="center", va="center", size=8, color=_ink(colour))


def _ink(colour: str) -> str:
    """Black or white, whichever is read more easily on a colour."""
    red, green, blue = matplotlib.colors.to_rgb(colour)
    return "black" if 0.299 * red + 0.587 * green + 0.114 * blue > 0.5 else "white"


def _spans(axes: Axes, first: float, end: float) -> None:
    """What the keys of a record span."""
    axes.text(-0.12, 2.86, "prompt → ids", ha="right", va="center", size=8)
    axes.text(-0.12, 2.66, "(tokenize_ms)", ha="right", va="center", size=8, color="#555555")
    spans = (
        (2.86, first, "ttft_ms: until the first token"),
        (0.22, end, "total_time_ms: the sum of the stages"),
        (
            -0.32,
            end,
            "wall_time_ms: another clock around them all; what is left over is residual_ms",
        ),
    )
    for y, until, words in spans:
        axes.annotate("", xy=(until, y), xytext=(0, y), arrowprops={"arrowstyle": "<->", "lw": 1})
        axes.text(until / 2, y + 0.06, words, ha="center", va="bottom", size=8)
