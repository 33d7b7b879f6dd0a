"""What pays, in words and as rows of a page, from the tables of the comparison."""

from __future__ import annotations

import pandas as pd

from ..method_table import SUBJECT
from .columns import CONDITIONS, SETUP, method_title
from .speedup import is_across_runtimes


def method_verdicts(speedup: pd.DataFrame) -> list[str]:
    """One sentence for each pair, device, runtime, length view and other method."""
    rows = speedup[~is_across_runtimes(speedup)]
    return [
        f"{_where(row, row['runtime'])}: {method_title(SUBJECT)} is {_verdict(row)}"
        f"{method_title(row['against'])}: {_speedup(row)} over {row['num_samples']} samples."
        for row in rows[rows["scope"] == "overall"].to_dict("records")
    ]


def runtime_verdicts(speedup: pd.DataFrame) -> list[str]:
    """One sentence for each pair, device, length view, method and other runtime."""
    rows = speedup[is_across_runtimes(speedup)]
    return [
        f"{_where(row)}: {method_title(row['method'])} under {row['runtime']} is "
        f"{_verdict(row, 'that ')}under {row['against_runtime']}: {_speedup(row)} over "
        f"{row['num_samples']} samples."
        for row in rows[rows["scope"] == "overall"].to_dict("records")
    ]


def break_even_verdicts(breakeven: pd.DataFrame) -> list[str]:
    """One sentence for each pair, device, runtime and length view."""
    overall = breakeven[breakeven["dataset"].fillna("") == ""]
    return [
        f"{_where(row, row['runtime'])}: {row['finding']}, at a prompt of "
        f"{row['prompt_tokens']:.0f} tokens."
        for row in overall.to_dict("records")
    ]


def method_rows(speedup: pd.DataFrame) -> list[list[str]]:
    """Cells of the page's table: every data set of every pair against every other method."""
    return _rows(speedup[~is_across_runtimes(speedup)])


def runtime_rows(speedup: pd.DataFrame) -> list[list[str]]:
    """The same, of every method and other runtime."""
    return _rows(speedup[is_across_runtimes(speedup)])


def _rows(speedup: pd.DataFrame) -> list[list[str]]:
    return [
        [
            _pair(row),
            *(str(row[name]) for name in CONDITIONS if name not in ("pair", SETUP)),
            "overall" if row["scope"] == "overall" else str(row["dataset"]),
            _against(row),
            str(row["num_samples"]),
            _speedup(row),
            f"{row['median_ratio']:.3g}×",
            row["verdict"],
        ]
        for row in speedup[speedup["scope"] != "subject"].to_dict("records")
    ]


def _where(row: dict, *known: str) -> str:
    """Pair and setting; what else is ``known`` of how it was executed."""
    how = ", ".join([*known, f"{row['model_config.weights']} weights"])
    return (
        f"{_pair(row)} on {row['model_config.device']} in {row['model_config.dtype']} ({how}), "
        f"{row['length_view']} length"
    )


def _pair(row: dict) -> str:
    """The pair, with what tells its rows apart."""
    return f"{row['pair']} ({row[SETUP]})" if row.get(SETUP) else str(row["pair"])


def _against(row: dict) -> str:
    """What a row is compared with: another method, or its own under another runtime."""
    runtime, title = row.get("against_runtime", row["runtime"]), method_title(row["against"])
    return title if runtime == row["runtime"] else f"{runtime} ({title})"


def _verdict(row: dict, other: str = "") -> str:
    """How two sides compare, up to what stands for the other one after ``from``."""
    known = {"faster": "faster than ", "slower": "slower than "}
    return known.get(row["verdict"], f"in speed not distinguishable from {other}")


def _speedup(row: dict) -> str:
    low, high = row["speedup_low"], row["speedup_high"]
    return f"{row['speedup']:.3g}×" + ("" if pd.isna(low) else f" ({low:.3g} to {high:.3g})")
