"""Tables of the page: cells as people read them, and what is the same in every row said once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from ...method_table import METHODS
from ...runtime_table import RUNTIMES
from ..columns import IDENTITY, SETTING, SETUP, in_order, method_title
from ..numbers import rounded

NONE = "–"
# What tells rows apart that stand for whole data sets.
BY_DATA_SET = [*(name for name in IDENTITY if name != "subject"), *SETTING, SETUP]
# Shorter tables are seen as a whole.
FEWEST_ROWS_TO_FILTER = 8
# What a page can hold of one table, and a person may want of it; the rest is in the file beside it.
MOST_ROWS = 500


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        name: of the value in a row.
        title: over the column.
        show: the value as text.
        is_number: sorted by its value, and to the right.
        is_kept: stands in every row even where it is always the same.
        is_long: whole sentences, which may need several lines.
        kind: ``text``, or what the template draws of the value: ``verdict``, ``spread``, ``course``.
    """

    name: str
    title: str
    show: Callable[[Any], str] = str
    is_number: bool = False
    is_kept: bool = False
    is_long: bool = False
    kind: str = "text"


@dataclass(frozen=True)
class Cell:
    """What a cell shows, by which it is sorted (empty: last), and what is drawn in it."""

    text: str
    sort: str | float
    drawn: Any = None


@dataclass(frozen=True)
class Table:
    """Rows of cells under columns; ``same`` are titles and texts that hold for all rows."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    same: Sequence[tuple[str, str]]
    left_out: int = 0

    @property
    def is_filtered(self) -> bool:
        """Whether it has so many rows that one looks for some of them."""
        return len(self.rows) >= FEWEST_ROWS_TO_FILTER


def number(name: str, title: str, digits: int = 4) -> Column:
    """A column of numbers of some significant digits."""
    return Column(name, title, lambda value: rounded(value, digits), is_number=True)


def count(name: str, title: str) -> Column:
    """A column of whole numbers."""
    return Column(name, title, lambda value: f"{value:.0f}", is_number=True)


def percent(name: str, title: str, decimals: int = 1) -> Column:
    """A column of shares of 1."""
    return Column(name, title, lambda value: f"{value * 100:.{decimals}f}\xa0%", is_number=True)


def ratio(value: float) -> str:
    """Three significant digits, the last of them told even where it is 0."""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:#.3g}"


def ratios(name: str, title: str) -> Column:
    """A column of ratios."""
    return Column(name, title, lambda value: f"{ratio(value)}×", is_number=True)


def interval(low: float, high: float) -> str:
    """Both ends; nothing where there are none."""
    return "" if pd.isna(low) else f"{ratio(low)} – {ratio(high)}"


def in_reading_order(rows: pd.DataFrame) -> pd.DataFrame:
    """What is compared stands together: methods of a data set, runtimes of a method."""
    ranks = {"method": list(METHODS), "runtime": list(RUNTIMES)}
    keys = [name for name in ("pair", *SETTING, SETUP, "length_view", "dataset", "method", "runtime")
            if name in rows]  # fmt: skip

    def places(column: pd.Series) -> pd.Series:
        known = ranks.get(str(column.name))
        if known is None:
            return column
        return column.map({name: n for n, name in enumerate(in_order(column, known))})

    return rows.sort_values(keys, key=places, kind="stable")


# What tells rows of results apart, as every table of the page calls it.
_TITLES = {
    "pair": "pair",
    "method": "method",
    "runtime": "runtime",
    "length_view": "length",
    "dataset": "data set",
    "subject": "subject",
    "model_config.device": "device",
    "model_config.dtype": "dtype",
    "model_config.weights": "weights",
    SETUP: "setup",
}
_SHOWN: dict[str, Callable[[Any], str]] = {"method": method_title}
NAMES = {name: Column(name, title, _SHOWN.get(name, str)) for name, title in _TITLES.items()}
# Of a table whose rows are data sets.
KEPT_DATASET = Column("dataset", "data set", is_kept=True)


def names(*without: str) -> list[Column]:
    """Columns of all that tells rows apart."""
    return [NAMES[name] for name in (*IDENTITY, *SETTING, SETUP) if name not in without]


def table_of(rows: Iterable[Mapping[str, Any]], columns: Sequence[Column]) -> Table:
    """A table whose columns of words that are the same in all rows are told once, above it."""
    known = list(rows)
    shown, same = [], []
    for column in columns:
        values = {_shown(column, row.get(column.name)) for row in known}
        is_plain = column.kind == "text" and not column.is_number and not column.is_kept
        if is_plain and len(values) == 1:
            (value,) = values
            if value != NONE:
                same.append((column.title, value))
        else:
            shown.append(column)
    cells = [[_cell(column, row.get(column.name)) for column in shown] for row in known[:MOST_ROWS]]
    return Table(shown, cells, same, max(0, len(known) - MOST_ROWS))


def _cell(column: Column, value: Any) -> Cell:
    if column.kind in ("spread", "course"):
        return Cell("", "", value)
    text = _shown(column, value)
    if text == NONE:
        return Cell(NONE, "")
    return Cell(text, float(value) if column.is_number else text)


def _shown(column: Column, value: Any) -> str:
    if column.kind in ("spread", "course"):
        return ""
    is_none = value is None or value == "" or (pd.api.types.is_scalar(value) and pd.isna(value))
    return NONE if is_none else column.show(value)
