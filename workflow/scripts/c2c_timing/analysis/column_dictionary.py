"""What each column of each table means, in one place: docs/columns.md is written from it.

A column of records is described by the record schema, a stage by its row in the table of stages; what
tables add stands in ``table_columns``.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field

from . import table_columns
from .column_entries import SETUP_COLUMN, TIMING, Column, record_columns
from .columns import SETUP
from .short_summary import AS_WRITTEN
from .tsv_columns import CONFIG

STATISTICS = {
    "_mean": "mean",
    "_std": "sample standard deviation (n − 1)",
    "_median": "median",
    "_median_low": "low end of the interval of the median",
    "_median_high": "high end of the interval of the median",
    "_p90": "90th percentile (linearly interpolated); empty below 20 requests",
    "_p99": "99th percentile (linearly interpolated); empty below 200 requests",
}


@dataclass(frozen=True)
class Table:
    """A file, what each of its rows is, and its columns.

    Attributes:
        columns: by name.
        statistics, keys: of each key there is a column with each of these ends, such as ``_median``.
    """

    file: str
    rows: str
    columns: Mapping[str, Column]
    statistics: tuple[str, ...] = ()
    keys: Mapping[str, Column] = field(default_factory=dict)

    def column(self, name: str) -> Column | None:
        """The entry of a column; None where nobody described it."""
        if name in self.columns:
            return self.columns[name]
        for end in self.statistics:
            key = name.removesuffix(end)
            if name.endswith(end) and key in self.keys:
                of = self.keys[key]
                return Column(f"{STATISTICS[end]} of `{key}`: {of.meaning}", of.unit)
        return None


@functools.cache
def tables() -> dict[str, Table]:
    """All tables, by the name of their file without its end."""
    own, config = record_columns()
    records = own | {f"{CONFIG}{name}": column for name, column in config.items()}
    ends = tuple(STATISTICS)
    full = Table("summary_full.tsv", "pair, method, runtime, length view, data set, subject and setting",
                 table_columns.summary(), ends, TIMING)  # fmt: skip
    short = {name: column for name in AS_WRITTEN if (column := full.column(name))}
    of = table_columns
    found = (
        Table("summary.tsv", f"{full.rows}: what one reads", short),
        full,
        Table("timings.parquet", "request", records | {SETUP: SETUP_COLUMN}),
        Table("speedup.tsv", "comparison: C2C with another method, a runtime with eager", of.speedup()),
        Table("breakeven.tsv", "pair, setting and data set", of.break_even()),
        Table("stage_costs.tsv", "pair, setting, method and stage", of.stage_costs()),
        Table("ladder.tsv", "pair, setting, data set, runtime and method", of.ladder()),
        Table("coldstart.tsv", "pair, setting, method, runtime and what its first requests came after",
              of.cold_start()),
        Table("stage_table.tsv", "pair, setting, data set, method and part of it", of.stage_table(),
              ends[:2], of.STAGE_TABLE_KEYS),
        Table("bottlenecks.tsv", "pair, method, runtime, data set, setting and stage",
              of.bottlenecks()),
        Table("changes.tsv", "pair, method, runtime, length view, data set and part of a request, of "
              "`compare_runs.py OLD NEW --output changes.tsv`", of.changes()),
        Table("coverage.tsv", "shard of the run", of.coverage()),
        Table("errors.tsv", "failed sample", of.errors()),
    )  # fmt: skip
    return {table.file.partition(".")[0]: table for table in found}
