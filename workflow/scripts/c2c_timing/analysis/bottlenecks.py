"""Where to work: every stage's time beside its floor, the largest saving first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from ..stages import Stage
from .columns import IDENTITY, SETTING, SETUP, STEPS, setup_last
from .floor_gaps import LEFT_OUT, left_out
from .operations import Work, stage_work
from .roofs import BOUNDS, Roofs
from .runs import Shapes, shapes_key_of

# Records of a row: all subjects of a data set, never of different settings.
KEYS = [*(key for key in IDENTITY if key != "subject"), *SETTING, SETUP]
FLOORS = [f"{bound}_floor_ms" for bound in BOUNDS]
WORK = ["flops", "bytes", "operators", "further_bytes"]
# A stage at twice its floor is good work: below it effort is better spent elsewhere.
GOOD = 2
SAVED = "saved_s_at_twice_floor"
COLUMNS = setup_last([*KEYS, "stage", "count", "median_ms", "share", "floor_ms", "time_over_floor",
                      "bound_by", SAVED, *FLOORS, *WORK, LEFT_OUT])  # fmt: skip


def find_bottlenecks(timings: pd.DataFrame, shapes: Shapes, roofs: Roofs) -> pd.DataFrame:
    """One row per pair, method, runtime, length view, data set, setting and stage.

    - ``median_ms``, ``floor_ms`` and the work: medians over the records of the row.
    - ``share``: of all time of these records.
    - ``floor_ms``: of each record the largest of its floors (``BOUNDS``);
      ``bound_by`` names the one that is largest in the median.
    - ``time_over_floor``: ``median_ms / floor_ms``.
    - ``saved_s_at_twice_floor``: seconds that one pass over the timed samples would save.
    - ``left_out``: what the floor lacks, or why there is none; empty where nothing is.

    Floors stay empty where there are none: records of another device, models without shapes, and
    work of the host. Such rows come last.
    """
    stages = pd.DataFrame(_stages(timings, shapes, roofs))
    rows = [
        dict(zip([*KEYS, "stage"], key, strict=True)) | _row(records)
        for key, records in stages.groupby([*KEYS, "stage"], sort=True, dropna=False)
    ]
    table = pd.DataFrame(rows, columns=COLUMNS)
    return table.sort_values(SAVED, ascending=False, kind="stable", ignore_index=True)


def _stages(timings: pd.DataFrame, shapes: Shapes, roofs: Roofs) -> Iterator[dict[str, Any]]:
    """One row per record and stage: its time, its work and its floors."""
    texts = [c for c in ("prompt", "response", "message", *STEPS) if c in timings]
    for record in timings.drop(columns=texts).to_dict("records"):
        found = shapes.get(shapes_key_of(record))
        work = stage_work(record, found) if found else {}
        identity = {key: record[key] for key in KEYS}
        identity |= {
            "sample": (record["subject"], record["id"]),
            "total_ms": record["total_time_ms"],
        }
        for stage in Stage:
            if pd.notna(record.get(stage.key)):
                yield (
                    identity
                    | {"stage": stage.value, "ms": record[stage.key]}
                    | _limits(work.get(stage), record, roofs)
                    | {LEFT_OUT: left_out(stage, work.get(stage), found, roofs.fits(record))}
                )


def _limits(work: Work | None, record: Mapping[str, Any], roofs: Roofs) -> dict[str, float | None]:
    if work is None:
        return dict.fromkeys([*WORK, *FLOORS])
    limits: dict[str, float | None] = {name: getattr(work, name) for name in WORK}
    floors: Mapping[str, float | None] = {}
    if roofs.fits(record):
        floors = roofs.floors_ms(work, record["model_config.dtype"], record["runtime"])
    return limits | {f"{bound}_floor_ms": floors.get(bound) for bound in BOUNDS}


def _row(records: pd.DataFrame) -> dict[str, Any]:
    """The numbers of one row, from its records' stages."""
    floors = records[FLOORS].astype("float64")
    floor = floors.max(axis=1)
    medians = floors.median()
    has_floor = bool(floor.notna().any())
    excess = (records["ms"] - GOOD * floor).clip(lower=0)
    samples = records["sample"].nunique()
    return {
        "count": len(records),
        "median_ms": records["ms"].median(),
        "share": records["ms"].sum() / records["total_ms"].sum(),
        "floor_ms": floor.median(),
        "time_over_floor": records["ms"].median() / floor.median() if has_floor else None,
        "bound_by": medians.idxmax().removesuffix("_floor_ms") if has_floor else None,
        SAVED: excess.mean() * samples / 1e3 if has_floor else None,
        **medians,
        **records[WORK].astype("float64").median(),
        LEFT_OUT: ", ".join(records[LEFT_OUT].dropna().unique()) or None,
    }
