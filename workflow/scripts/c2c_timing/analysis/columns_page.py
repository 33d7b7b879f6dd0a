"""The page about columns, from the dictionary."""

from __future__ import annotations

from collections.abc import Mapping

from .column_dictionary import STATISTICS, Column, Table, tables

INTRODUCTION = """# What does this column mean?

Every column of every table in `results/`, with its unit. Tables are tab-separated with one header line;
names need no quotes in SQL. A cell is empty where there is no value: a stage that a method does not
have is never 0. Intervals hold 95 % (`confidence`, where a table has it) and are over samples
(`interval_over`); they are empty where there are too few.

In `timings.parquet` the setting of a record keeps its place in the name (`model_config.device`); in
the other tables it is `device`. Of `*_timing.jsonl` the keys are the columns of `timings.parquet`,
those of `timing` and `model_config` in objects of their own. New columns come last; names never change
meaning.

This page is written by `make columns`.
"""


def page() -> str:
    """All tables as Markdown."""
    return "\n".join([INTRODUCTION, *map(_section, tables().values())])


def _section(table: Table) -> str:
    lines = [f"## {table.file}", "", f"One row a {table.rows}.", ""]
    if table.statistics:
        ends = ", ".join(f"`{end}` ({STATISTICS[end]})" for end in table.statistics)
        lines += [f"Of the keys further below, each with an end: {ends}.", ""]
    lines += _table("column", table.columns)
    if table.keys:
        lines += _table("key", table.keys)
    return "\n".join(lines)


def _table(title: str, columns: Mapping[str, Column]) -> list[str]:
    rows = [f"| `{name}` | {column.unit} | {column.meaning} |" for name, column in columns.items()]
    return [f"| {title} | unit | meaning |", "| --- | --- | --- |", *(r for r in rows), ""]
