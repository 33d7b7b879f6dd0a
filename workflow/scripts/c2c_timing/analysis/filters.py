"""Rows of a table that flags name: some pairs, runtimes, length views or data sets of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from ..errors import UserError

# Columns by which a person chooses; the flags are called the same.
CHOICES = {
    "pair": "pairs",
    "runtime": "runtimes",
    "length_view": "length views",
    "dataset": "data sets",
}


def only(table: pd.DataFrame, wanted: Mapping[str, Sequence[str] | None]) -> pd.DataFrame:
    """The rows that have one of the wanted values in each column; None wants every value.

    Raises:
        UserError: there is no such value, or no row with all of them.
    """
    named = {name: values for name, values in wanted.items() if values is not None}
    if not named:
        return table
    found = pd.Series(True, index=table.index)
    for name, values in named.items():
        there = table[name].unique()
        if lacking := [value for value in values if value not in there]:
            raise UserError(
                f"--{name} {' '.join(lacking)}: the records have no such; "
                f"their {CHOICES[name]}: {', '.join(sorted(map(str, there)))}"
            )
        found &= table[name].isin(values)
    if not found.any():
        words = " ".join(f"--{name} {' '.join(values)}" for name, values in named.items())
        raise UserError(f"{words}: each is in the records, but none has all of them")
    return table[found]


def in_order_of_pairs(table: pd.DataFrame, first: Sequence[str]) -> pd.DataFrame:
    """The rows of the pairs named first, in that order, then those of the others; else as they are."""
    present = [str(pair) for pair in table["pair"].unique()]
    wanted = [*(pair for pair in dict.fromkeys(first) if pair in present),
              *(pair for pair in present if pair not in first)]  # fmt: skip
    if wanted == present:
        return table
    places = pd.Categorical(table["pair"], wanted).codes
    return table.iloc[places.argsort(kind="stable")]
