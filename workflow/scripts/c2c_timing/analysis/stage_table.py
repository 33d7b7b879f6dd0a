"""Stages of every method in the shape of the C2C paper's Table 3, with the spread that it lacks.

Source of the shape: arXiv 2510.03215, Table 3: tokens in and out, prefill of each model, fusion,
decode, total. Prefill includes the embedding; text-to-text has a row for each model's part.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from ..method_table import METHODS, MethodRow
from ..stages import Stage
from .columns import CONDITIONS, setup_last
from .numbers import rounded

PUBLISHED = Path(__file__).resolve().parent / "published"
TIMES = ["base_prefill_ms", "teacher_prefill_ms", "fusion_ms", "decode_ms", "total_ms"]
LENGTHS = ["tokens_in", "tokens_out"]
COLUMNS = setup_last(
    [
        *CONDITIONS,
        "dataset",
        "method",
        "part",
        "source",
        "num_records",
        *(f"{name}_{what}" for name in (*LENGTHS, *TIMES) for what in ("mean", "std")),
    ]
)


def has_message(method: MethodRow) -> bool:
    """Whether the teacher writes to the base: then each model has a part of the request."""
    return Stage.TEACHER_DECODE in method.stages


def _titles(method: MethodRow) -> dict[str, str]:
    """A method's parts, and what they are called."""
    if not has_message(method):
        return {"whole": method.title}
    return {
        "teacher": f"{method.title}: teacher's part",
        "base": f"{method.title}: base's part",
        "whole": f"{method.title}, together",
    }


def part_titles() -> dict[tuple[str, str], str]:
    """Methods and parts in the order of the table's rows, and their names in the Markdown table."""
    return {
        (method.name, part): title
        for method in METHODS.values()
        for part, title in _titles(method).items()
    }


def stage_table(timings: pd.DataFrame) -> pd.DataFrame:
    """Mean and sample standard deviation by condition, data set, method and part.

    Published rows follow the measured ones where base, teacher and data set are the same.
    """
    parts = pd.concat(
        [_parts(method, rows) for method, rows in timings.groupby("method")], ignore_index=True
    )
    keys = [*CONDITIONS, "dataset", "method", "part"]
    groups = parts.groupby(keys, sort=True)
    table = groups.size().rename("num_records").to_frame()
    for name in (*LENGTHS, *TIMES):
        table[f"{name}_mean"], table[f"{name}_std"] = groups[name].mean(), groups[name].std(ddof=1)
    table = table.reset_index().assign(source="measured")
    table = pd.concat([table, *_published_beside(timings)], ignore_index=True)
    order = {key: place for place, key in enumerate(part_titles())}
    table["_place"] = [
        order.get(key, len(order)) for key in zip(table["method"], table["part"], strict=True)
    ]
    table = table.sort_values(
        [*CONDITIONS, "dataset", "_place", "method", "source"], kind="stable", ignore_index=True
    )
    return table[COLUMNS]


def _parts(method: str, rows: pd.DataFrame) -> pd.DataFrame:
    """One row for each record and part, in the table's columns."""
    base_prefill = rows[Stage.BASE_EMBEDDING.key] + rows[Stage.BASE_PREFILL.key]
    teacher_prefill = rows[Stage.TEACHER_EMBEDDING.key] + rows[Stage.TEACHER_PREFILL.key]
    whole = rows[[*CONDITIONS, "dataset", "method"]].assign(
        part="whole",
        tokens_in=rows["prompt_length"],
        tokens_out=rows[Stage.DECODE.tokens],
        base_prefill_ms=base_prefill,
        teacher_prefill_ms=teacher_prefill,
        fusion_ms=rows[Stage.PROJECTOR.key],
        decode_ms=rows[Stage.DECODE.key],
        total_ms=rows["total_time_ms"],
    )
    if method not in METHODS or not has_message(METHODS[method]):
        return whole
    teacher = whole.assign(
        part="teacher",
        tokens_in=rows["teacher_prompt_length"],
        tokens_out=rows[Stage.TEACHER_DECODE.tokens],
        base_prefill_ms=np.nan,
        decode_ms=rows[Stage.TEACHER_DECODE.key],
    )
    teacher["total_ms"] = teacher["teacher_prefill_ms"] + teacher["decode_ms"]
    base = whole.assign(part="base", teacher_prefill_ms=np.nan)
    base["total_ms"] = base["base_prefill_ms"] + base["decode_ms"]
    # Both parts have what would stand here; together they differ from it only by
    # the host's work between them.
    together = whole.assign(**dict.fromkeys((*LENGTHS, *TIMES[:-1]), np.nan))
    return pd.concat([teacher, base, together])


def _published_beside(timings: pd.DataFrame) -> list[pd.DataFrame]:
    tables = []
    for path in sorted(PUBLISHED.glob("*.yaml")):
        published = yaml.safe_load(path.read_text(encoding="utf-8"))
        same = timings[
            (timings["model_config.base_model"] == published["base_model"])
            & (timings["model_config.teacher_model"] == published["teacher_model"])
            & (timings["dataset"] == published["dataset"])
        ]
        for _, conditions in same[[*CONDITIONS, "dataset"]].drop_duplicates().iterrows():
            rows = pd.DataFrame(published["rows"]).rename(
                columns=lambda name: f"{name}_mean" if name in (*LENGTHS, *TIMES) else name
            )
            source = f"{published['source']}, {published['device']}"
            tables.append(rows.assign(source=source, **conditions))
    return tables


def as_markdown(table: pd.DataFrame) -> str:
    """The table for reading: one section a condition and data set, mean ± standard deviation in ms."""
    sections = []
    several = table["runtime"].nunique() > 1
    for (*conditions, dataset), rows in table.groupby([*CONDITIONS, "dataset"], sort=False):
        pair, runtime, device, dtype, weights, view, setup = conditions
        sections += [
            f"## {pair}, {dataset}, {view} length" + (f", {runtime}" if several else ""),
            "",
            f"{', '.join(filter(None, [device, dtype, runtime, f'{weights} weights', setup]))}; "
            "mean ± standard deviation, ms.",
            "",
            "| method | n | tokens in / out | base prefill | teacher prefill | fusion | decode | total |",
            "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
            *(_markdown_row(row) for _, row in rows.iterrows()),
            "",
        ]
    return "\n".join(["# Stages of a request, by method", "", *sections])


def _markdown_row(row: pd.Series) -> str:
    name = part_titles().get((row["method"], row["part"]), f"{row['method']}, {row['part']}")
    if row["source"] != "measured":
        name = f"*{name} ({row['source']})*"
    number = "" if pd.isna(row["num_records"]) else f"{row['num_records']:.0f}"
    lengths = [_cell(row, name, decimals="{:.0f}") for name in LENGTHS]
    length = " / ".join(lengths) if any(lengths) else ""
    cells = [name, number, length, *(_cell(row, time) for time in TIMES)]
    return f"| {' | '.join(cells)} |"


def _cell(row: pd.Series, name: str, decimals: str = "") -> str:
    mean, std = row[f"{name}_mean"], row[f"{name}_std"]
    if pd.isna(mean):
        return ""
    if decimals:
        return decimals.format(mean)
    if pd.isna(std):  # one record, or a published figure: as it was written
        return rounded(mean, 4)
    return f"{rounded(mean, 3)} ± {rounded(std, 2)}"
