"""What the floors leave out, in words: in a row of ``bottlenecks.tsv``, and of the whole table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from ..stages import Stage
from .operations import Work

LEFT_OUT = "left_out"
HOST = "work of the host"
NO_SHAPES = "its run wrote no shapes"
UNCOUNTED = "its model's sizes do not tell its work"
NO_WORK = "its tokens tell no work"
OTHER_DEVICE = "not of the measured device"
EXPERTS = "which experts a prompt wakes cannot be told"


def left_out(
    stage: Stage, work: Work | None, shapes: Mapping[str, Any] | None, fits: bool
) -> str | None:
    """Why a record's stage has no floor, or what its floor lacks; None where it lacks nothing.

    Args:
        work: of the stage, where it is known.
        shapes: of the record's run, where it wrote them.
        fits: whether the record is of the device that was measured.
    """
    if stage.model == "host":
        return HOST
    if not shapes:
        return NO_SHAPES
    if work is None:
        return NO_WORK if all([shapes["base"], *shapes["teachers"]]) else UNCOUNTED
    if not fits:
        return OTHER_DEVICE
    return EXPERTS if work.further_bytes else None


def sentence(table: pd.DataFrame) -> str:
    """What the floors of the table leave out; empty where they leave out nothing.

    Args:
        table: of ``find_bottlenecks``.
    """
    gaps = table[table[LEFT_OUT].notna()]
    absent, partial = (gaps[gaps["floor_ms"].isna() == is_absent] for is_absent in (True, False))
    parts = [("no floor for", absent), ("floors are a lower bound for", partial)]
    return "; ".join(f"{words} {_places(rows)}" for words, rows in parts if len(rows))


def _places(rows: pd.DataFrame) -> str:
    """``decode and handover of a pair (why)``, of each reason and pair."""
    order = [stage.value for stage in Stage]
    return ", ".join(
        f"{' and '.join(sorted(set(of['stage']), key=order.index))} of {pair} ({reason})"
        for (reason, pair), of in rows.groupby([LEFT_OUT, "pair"], sort=True)
    )
