"""Where the letters of a figure lie, and which of them lie on others."""

from __future__ import annotations

import warnings

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.text import Text

from c2c_timing.analysis.figures import layout

# Pixels that two boxes may share: a box is taller than its letters are.
SHARED = 2


def assert_legible(figure):
    """A screen holds it, its letters are inside and not on each other, and matplotlib warns of nothing."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure.draw_without_rendering()
    width, height = figure.get_size_inches()
    assert width <= 8
    assert height <= layout.MOST_HEIGHT
    inked = figure.get_tightbbox(figure.canvas.get_renderer())
    assert inked.x0 >= 0, inked
    assert inked.y0 >= 0, inked
    assert inked.x1 <= width, inked
    assert inked.y1 <= height, inked
    found = overlaps(figure)
    assert not found, found


def overlaps(figure):
    """Pairs of texts that lie on each other, of a figure that was drawn."""
    texts = list(drawn_texts(figure))
    low, high = np.moveaxis([text.get_window_extent().get_points() for text in texts], 1, 0)
    shared = np.minimum(high[:, None], high) - np.maximum(low[:, None], low)
    pairs = np.argwhere(np.triu((shared > SHARED).all(axis=2), k=1))
    return [(texts[one].get_text(), texts[other].get_text()) for one, other in pairs]


def drawn_texts(figure):
    """All texts that are seen: ticks outside the view have labels which are not drawn."""
    ticks = {id(text) for axes in figure.axes for axis in (axes.xaxis, axes.yaxis)
             for text in axis.get_ticklabels(which="both")}  # fmt: skip
    seen = {id(text) for axes in figure.axes for axis in (axes.xaxis, axes.yaxis)
            for text in _tick_labels(axis)}  # fmt: skip
    hidden = {id(text) for axes in figure.axes if not axes.get_visible()
              for text in axes.findobj(Text)}  # fmt: skip
    return [
        text
        for text in figure.findobj(Text)
        if text.get_visible()
        and text.get_text().strip()
        and id(text) not in hidden
        and (id(text) not in ticks or id(text) in seen)
    ]


def _tick_labels(axis):
    low, high = sorted(axis.get_view_interval())
    ticks = [*axis.get_major_ticks(), *axis.get_minor_ticks()]
    slack = 1e-9 * (high - low)
    return [
        label
        for tick in ticks
        if low - slack <= tick.get_loc() <= high + slack
        for label, is_on in ((tick.label1, tick.label1.get_visible()),)
        if is_on
    ]


def panels_of(figure):
    """Axes that have a title."""
    return [axes for axes in figure.axes if axes.get_visible() and axes.get_title(loc="left")]


def heading(figure):
    """The lines above all panels."""
    return figure.get_suptitle().splitlines()


def close_all():
    """Every figure of a test."""
    plt.close("all")
