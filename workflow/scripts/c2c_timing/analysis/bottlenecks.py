"""Where to work: every stage's time beside its floor, the largest saving first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from ..stages import Stage
from .columns import IDENTITY, SETTING, SETUP, setup_last
from .floor_gaps import LEFT_OUT, left_out
from .operations import stage_work
from .request_kinds import FACTS, request_kinds
from .roofs import BOUNDS, Roofs
from .runs import Shapes, shapes_key_of

# Records of a row: all subjects of a data set, never of different settings.
KEYS = [*(key for key in IDENTITY if key != "subject"), *SETTING, SETUP]
FLOORS = [f"{bound}_floor_ms" for bound in BOUNDS]
WORK = ["flops", "bytes", "operators", "further_bytes"]
TIMES = {stage.value: stage.key for stage in Stage}
# What is read of records.
READ = [*dict.fromkeys([*KEYS, "subject", "id", "total_time_ms", *TIMES.values(), *FACTS])]
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
    rows = [
        dict(zip(KEYS, key, strict=True)) | {"stage": stage} | _row(own)
        for key, records in timings.groupby(KEYS, sort=True, dropna=False)
        for stage, own in _stages(records, shapes, roofs)
    ]
    table = pd.DataFrame(rows, columns=COLUMNS)
    return table.sort_values(SAVED, ascending=False, kind="stable", ignore_index=True)


def _stages(
    records: pd.DataFrame, shapes: Shapes, roofs: Roofs
) -> Iterator[tuple[str, pd.DataFrame]]:
    """Every stage that the records have: of each of them its time, its work and its floors."""
    examples, kinds = request_kinds(records)
    limits = pd.DataFrame(
        [
            {"kind": kind, **of_stage}
            for kind, example in enumerate(examples)
            for of_stage in _limits(example, shapes, roofs)
        ],
        columns=["kind", "stage", *FLOORS, *WORK, LEFT_OUT],
    ).set_index("kind")
    samples = records.groupby(["subject", "id"], sort=False, dropna=False).ngroup()
    times = pd.DataFrame(
        {
            "kind": kinds,
            "sample": samples.to_numpy(),
            "total_ms": records["total_time_ms"].to_numpy(),
        }
    )
    for stage, of_kinds in limits.groupby("stage"):
        own = times.assign(ms=records[TIMES[stage]].to_numpy()).dropna(subset="ms")
        yield stage, own.join(of_kinds, on="kind")


def _limits(record: Mapping[str, Any], shapes: Shapes, roofs: Roofs) -> Iterator[dict[str, Any]]:
    """Of each stage that a record has: its work, its floors, and what they leave out."""
    found, fits = shapes.get(shapes_key_of(record)), roofs.fits(record)
    works = stage_work(record, found) if found else {}
    for stage in Stage:
        if pd.isna(record.get(stage.key)):
            continue
        work = works.get(stage)
        floors: Mapping[str, float | None] = {}
        if work and fits:
            floors = roofs.floors_ms(work, record["model_config.dtype"], record["runtime"])
        yield {
            "stage": stage.value,
            **{f"{bound}_floor_ms": floors.get(bound) for bound in BOUNDS},
            **({name: getattr(work, name) for name in WORK} if work else {}),
            LEFT_OUT: left_out(stage, work, found, fits),
        }


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
