"""Whether C2C pays, in words and as rows of a page, from the tables of the comparison."""

from __future__ import annotations

import pandas as pd

from .record_lines import CONDITIONS, METHOD_NAMES


def verdicts(speedup: pd.DataFrame | None, breakeven: pd.DataFrame | None) -> list[str]:
    """One sentence for each pair, device, length view and other method; then the break-evens."""
    sentences = []
    if speedup is not None:
        overall = speedup[speedup["scope"] == "overall"]
        sentences += [
            f"{_where(row)}: C2C is {_verdict(row)} {METHOD_NAMES[row['against']]}: "
            f"{_speedup(row)} over {row['num_samples']} samples."
            for row in overall.to_dict("records")
        ]
    if breakeven is not None:
        overall = breakeven[breakeven["dataset"].fillna("") == ""]
        sentences += [
            f"{_where(row)}: {row['finding']}, at a prompt of {row['prompt_tokens']:.0f} tokens."
            for row in overall.to_dict("records")
        ]
    return sentences


def speedup_rows(speedup: pd.DataFrame | None) -> list[list[str]]:
    """Cells of the page's table: every data set of every pair against every other method."""
    if speedup is None:
        return []
    return [
        [
            *(str(row[name]) for name in CONDITIONS),
            "overall" if row["scope"] == "overall" else str(row["dataset"]),
            METHOD_NAMES[row["against"]],
            str(row["num_samples"]),
            _speedup(row),
            f"{row['median_ratio']:.3g}×",
            row["verdict"],
        ]
        for row in speedup[speedup["scope"] != "subject"].to_dict("records")
    ]


def _where(row: dict) -> str:
    return (
        f"{row['pair']} on {row['model_config.device']} in {row['model_config.dtype']} "
        f"({row['runtime']}, {row['model_config.weights']} weights), {row['length_view']} length"
    )


def _verdict(row: dict) -> str:
    known = {"faster": "faster than", "slower": "slower than"}
    return known.get(row["verdict"], "in speed not distinguishable from")


def _speedup(row: dict) -> str:
    low, high = row["speedup_low"], row["speedup_high"]
    return f"{row['speedup']:.3g}×" + ("" if pd.isna(low) else f" ({low:.3g} to {high:.3g})")
