"""What the interval of a ratio allows to say, and how many samples would say more.

A margin is a change that does not matter, such as 0.05: ratios from 1 / 1.05 to 1.05, so that it is the
same whichever side is divided by the other.
"""

from __future__ import annotations

import argparse
import contextlib
import math

import numpy as np

FASTER, SLOWER, SAME, UNTOLD = "faster", "slower", "same", "not distinguishable"
# Figures that show verdicts, which a margin decides.
WITH_MARGIN = ("speedup", "ladder", "ladder_by_data_set")
MARGIN = 0.05
# A verdict in words, up to what stands for the other side.
IN_WORDS = {FASTER: "faster than ", SLOWER: "slower than ", SAME: "as fast as "}


def verdict(low: float, high: float, margin: float = MARGIN) -> str:
    """What an interval of a speed-up allows to say.

    - ``same``: all of it lies inside the margin. That a small difference may be sure changes nothing:
      it is one that does not matter.
    - ``faster``, ``slower``: all of it lies above 1, or below.
    - ``not distinguishable``: anything else, also where there is no interval.
    """
    if 1 / (1 + margin) <= low and high <= 1 + margin:
        return SAME
    if low > 1:
        return FASTER
    return SLOWER if high < 1 else UNTOLD


def samples_to_decide(
    ratio: float, low: float, high: float, samples: int, margin: float = MARGIN
) -> float:
    """How many samples in all would decide what ``samples`` cannot; NaN where they do, or none can say.

    The interval of n samples becomes narrower as 1/√n. Taken that the ratio stays what it is, and
    that on logarithms both sides of the interval shrink alike, this is the least n at which the
    interval either excludes 1 or lies inside the margin, whichever comes first; as large as it is
    where the ratio lies near half the margin. Repeats of each sample help as much only so far as the
    spread is within samples.
    """
    if verdict(low, high, margin) != UNTOLD or not low < high:
        return math.nan
    centre, below, above = math.log(ratio), math.log(ratio / low), math.log(high / ratio)
    room = math.log1p(margin)
    excludes = _shrunk(centre, below) if centre > 0 else _shrunk(-centre, above)
    inside = min(_shrunk(room + centre, below), _shrunk(room - centre, above))
    return math.ceil(samples / max(excludes, inside) ** 2)


def _shrunk(room: float, side: float) -> float:
    """The factor by which a side of an interval would have to shrink to fit into what there is."""
    return max(room, 0.0) / side if side > 0 else math.inf


def advice(to_decide: float, samples: int) -> str:
    """``samples_to_decide`` in words; empty where it says nothing."""
    if np.isnan(to_decide):
        return ""
    return (
        f"about {rounded_up(to_decide)} samples instead of {samples}, or more repeats, would decide"
    )


def rounded_up(number: float) -> int:
    """Two significant digits: it is an estimate."""
    step = 10 ** max(0, math.floor(math.log10(max(number, 1))) - 1)
    return math.ceil(number / step) * step


def add_margin_flag(
    flags: argparse.ArgumentParser,
    default: float | None = MARGIN,
    meaning: str = "a change that does not matter: what lies within it is the same",
) -> None:
    """``--margin`` of commands that give verdicts, or tell them."""
    flags.add_argument("--margin", type=_margin, default=default, metavar="SHARE", help=meaning)


def _margin(text: str) -> float:
    with contextlib.suppress(ValueError):
        if 0 < float(text) < 1:
            return float(text)
    raise argparse.ArgumentTypeError(f"{text}: a share between 0 and 1 is meant, such as 0.05")
