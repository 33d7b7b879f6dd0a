"""What pays, in words, from the tables of the comparison."""

from __future__ import annotations

import math
from itertools import groupby

import pandas as pd

from ..method_table import SUBJECT
from ..runtime_table import RUNTIMES
from .columns import CONDITIONS_BUT_RUNTIME, SETUP, in_order, method_title
from .deciding import IN_WORDS, advice
from .ladder import C2C_SPEEDUP
from .speedup import is_across_methods, is_across_runtimes
from .turns import conclusion


def method_verdicts(speedup: pd.DataFrame) -> list[str]:
    """One sentence for each pair, device, runtime, length view and other method."""
    rows = speedup[is_across_methods(speedup)]
    return [
        f"{_where(row, row['runtime'])}: {method_title(SUBJECT)} is {_verdict(row)}"
        f"{method_title(row['against'])}: {_speedup(row)} over {row['num_samples']} samples"
        f"{_what_is_missing(row)}{_split(row)}."
        for row in rows[rows["scope"] == "overall"].to_dict("records")
    ]


def runtime_verdicts(speedup: pd.DataFrame) -> list[str]:
    """One sentence for each pair, device, length view, method and other runtime."""
    rows = speedup[is_across_runtimes(speedup)]
    return [
        f"{_where(row)}: {method_title(row['method'])} under {row['runtime']} is "
        f"{_verdict(row, 'that ')}under {row['against_runtime']}: {_speedup(row)} over "
        f"{row['num_samples']} samples{_what_is_missing(row)}."
        for row in rows[rows["scope"] == "overall"].to_dict("records")
    ]


def split_verdicts(speedup: pd.DataFrame) -> list[str]:
    """What of each speed-up at natural length is the method's, and what the answers' length."""
    rows = speedup[is_across_methods(speedup) & (speedup["scope"] == "overall")]
    return [
        f"{_where(row, row['runtime'])}: {method_title(SUBJECT)} against "
        f"{method_title(row['against'])}: {_speedup(row)}{split}."
        for row in rows.to_dict("records")
        if (split := _split(row))
    ]


def break_even_verdicts(breakeven: pd.DataFrame) -> list[str]:
    """One sentence for each pair, device, runtime and length view."""
    overall = breakeven[breakeven["dataset"].fillna("") == ""]
    return [
        f"{_where(row, row['runtime'])}: {row['finding']}, at a prompt of "
        f"{row['prompt_tokens']:.0f} tokens."
        for row in overall.to_dict("records")
    ]


def turn_verdicts(ladder: pd.DataFrame) -> list[str]:
    """One sentence for each pair, device, length view, data set and other method: where it turns.

    Args:
        ladder: rows of ``ladder``, or of ``c2c_against_methods``; those of one runtime say nothing.
    """
    known = ladder[ladder["c2c_verdict"].notna()].fillna({"dataset": ""})
    datasets = known.groupby(CONDITIONS_BUT_RUNTIME)["dataset"].transform("nunique")
    # A single data set is what is overall: said once.
    known = known[(known["dataset"] == "") | (datasets > 2)]
    sentences = []
    for _, rows in known.groupby([*CONDITIONS_BUT_RUNTIME, "dataset", "method"], sort=False):
        by_runtime = rows.set_index("runtime").to_dict("index")
        runtimes = in_order(by_runtime, RUNTIMES)
        if len(runtimes) > 1:
            row = rows.iloc[0].to_dict()
            verdicts = {name: str(by_runtime[name]["c2c_verdict"]) for name in runtimes}
            found = ", ".join(
                f"{verdict} under "
                + " and ".join(f"{name} ({_rung(by_runtime[name])})" for name in alike)
                for verdict, alike in groupby(runtimes, key=verdicts.get)
            )
            sentences.append(
                f"{_where(row)}{_records_of(row)}: {method_title(SUBJECT)} against "
                f"{method_title(row['method'])}: {found}: {conclusion(verdicts)}."
            )
    return sentences


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


def _verdict(row: dict, other: str = "") -> str:
    """How two sides compare, up to what stands for the other one after ``from``."""
    return IN_WORDS.get(row["verdict"], f"in speed not distinguishable from {other}")


def _speedup(row: dict, name: str = "speedup") -> str:
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    return f"{row[name]:.3g}×" + ("" if pd.isna(low) else f" ({low:.3g} to {high:.3g})")


def _what_is_missing(row: dict) -> str:
    """How many samples would decide what these do not; tables of earlier versions do not tell."""
    told = advice(row.get("samples_to_decide", math.nan), row["num_samples"])
    return told and f" ({told})"


def _split(row: dict) -> str:
    """The two parts of a speed-up at natural length, where they are known."""
    if pd.isna(row.get("method_speedup")):
        return ""
    return (
        f", of which {_speedup(row, 'method_speedup')} at equal length and "
        f"{_speedup(row, 'length_speedup')} by the length of the answers"
    )


def _rung(row: dict) -> str:
    """The same of a row of the ladder, where brackets are around it."""
    speedup, low, high = (row[name] for name in C2C_SPEEDUP)
    return f"{speedup:.3g}×" + ("" if pd.isna(low) else f", {low:.3g} to {high:.3g}")


def _records_of(row: dict) -> str:
    """The data set of a row of the ladder, and what else its intervals are over than samples."""
    dataset = f", {row['dataset']}" if row["dataset"] else ""
    repeats = str(row.get("interval_over")).endswith("repeats")
    return dataset + (", intervals over the repeats of one prompt" if repeats else "")
