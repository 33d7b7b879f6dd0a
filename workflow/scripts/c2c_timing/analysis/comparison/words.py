"""The comparison of two runs as people read it: on a terminal, and in a pull request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from ...text_tables import aligned
from ..columns import IDENTITY, SETTING, SETUP
from ..deciding import FASTER, SAME, SLOWER, UNTOLD, advice, rounded_up
from ..numbers import rounded
from .changes import AS_GROUPS, WHOLE

# Rows of a terminal and of a comment; the rest is in the file.
MOST_ROWS = 40
# Letters of a terminal's line.
WIDTH = 120
# What tells rows apart, and is said once where it is the same in all of them.
NAMES = [*(name for name in IDENTITY if name != "subject"), *SETTING, SETUP]
TITLES = {"length_view": "length", "dataset": "data set", "model_config.device": "device",
          "model_config.dtype": "dtype", "model_config.weights": "weights"}  # fmt: skip
NUMBERS = ("old ms", "new ms", "new / old", "interval", "n")


def sentence(table: pd.DataFrame, margin: float) -> str:
    """What the comparison comes to, in one line."""
    beyond = table[table["is_beyond_margin"]]
    counts = table["verdict"].value_counts()
    told = ", ".join(f"{counts[v]} {v}" for v in (SLOWER, FASTER, SAME, UNTOLD) if v in counts)
    rows = f"{len(table)} row{'s' if len(table) != 1 else ''}: {told}"
    if beyond.empty:
        return f"{rows}; nothing is slower by more than {margin:.0%}"
    worst = beyond.sort_values("ratio", ascending=False).iloc[0]
    where = "request" if worst["part"] == WHOLE else str(worst["part"])
    return (
        f"{rows}; {len(beyond)} slower by more than {margin:.0%}, the most: {where} of {worst['pair']}, "
        f"{worst['method']}, {worst['runtime']}, {worst['dataset']} ({_times(worst['ratio'])})"
    )


def console(table: pd.DataFrame) -> list[str]:
    """Whole requests, and stages that are faster or slower: lines of at most ``WIDTH`` letters."""
    shown = _shown(table)
    names, same = _names(shown)
    rows = [[*_title(names), "part", *NUMBERS, "verdict"], *map(list, _rows(shown, names))]
    lines = [f"in all rows: {same}"] if same else []
    lines += [_cut(line) for line in aligned(rows, NUMBERS)]
    left_out = len(table) - len(shown)
    if left_out:
        lines.append(
            f"({left_out} further rows, {_kinds_left_out(table, shown)}: --output has them all)"
        )
    return lines + _more_samples(shown)


def markdown(
    table: pd.DataFrame, said: Sequence[str], margin: float, old: object, new: object
) -> str:
    """A comment of a pull request: what it comes to, what else differs, the rows that matter."""
    shown = _shown(table)
    names, same = _names(shown)
    head = [*_title(names), "part", *NUMBERS, "verdict"]
    ends = ["---:" if title in NUMBERS else "---" for title in head]
    cells = [head, ends, *_rows(shown, names, bold=True)]
    left_out = len(table) - len(shown)
    lines = [
        f"### {_heading(table)}",
        "",
        f"`{old}` → `{new}`: {sentence(table, margin)}.",
        "",
        *(f"- {_escaped(line)}" for line in said),
        *([""] if said else []),
        *([f"In all rows: {_escaped(same)}.", ""] if same else []),
        *(f"| {' | '.join(row)} |" for row in cells),
        "",
        *([f"{left_out} further rows: {_kinds_left_out(table, shown)}.", ""] if left_out else []),
        "Time new / old, geometric mean over samples; the intervals are those of Holm's test over all rows: "
        f"where nothing has changed, any row says otherwise in 2 of 100 comparisons. "
        f"Same: within {margin:.0%}.",
        "",
    ]
    return "\n".join(lines)


def _heading(table: pd.DataFrame) -> str:
    if table["is_beyond_margin"].any():
        return "Slower"
    verdicts = {*table["verdict"]}
    return (
        "Faster"
        if FASTER in verdicts and SLOWER not in verdicts
        else "Nothing is slower beyond the margin"
    )


def _shown(table: pd.DataFrame) -> pd.DataFrame:
    is_told = table["verdict"].isin([SLOWER, FASTER]) | table["is_beyond_margin"]
    rows = table[is_told | (table["part"] == WHOLE)]
    if len(rows) > MOST_ROWS:  # those that matter first, and in their order
        rank = (~rows["is_beyond_margin"]).astype(int) * 2 + (~is_told.loc[rows.index]).astype(int)
        rows = rows.loc[rank.sort_values(kind="stable").index[:MOST_ROWS]].sort_index()
    return rows


def _kinds_left_out(table: pd.DataFrame, shown: pd.DataFrame) -> str:
    counts = table.drop(shown.index)["verdict"].value_counts()
    return ", ".join(f"{number} {verdict}" for verdict, number in counts.items())


def _names(shown: pd.DataFrame) -> tuple[list[str], str]:
    """Columns that tell the rows apart, and what is the same in all of them."""
    texts = shown[NAMES].fillna("").astype(str)
    differing = [name for name in NAMES if texts[name].nunique() > 1]
    same = [texts[name].iloc[0] for name in NAMES if name not in differing]
    return differing, ", ".join(filter(None, same))


def _title(names: Sequence[str]) -> list[str]:
    return [TITLES.get(name, name) for name in names]


def _rows(shown: pd.DataFrame, names: Sequence[str], bold: bool = False) -> list[list[str]]:
    return [_row(row, names, bold) for row in shown.to_dict("records")]


def _row(row: Mapping[str, Any], names: Sequence[str], bold: bool) -> list[str]:
    low, high = row["ratio_low"], row["ratio_high"]
    word = row["verdict"] + (", beyond the margin" if row["is_beyond_margin"] else "")
    number = f"{row['num_samples']}"
    if row["compared_as"] == AS_GROUPS:
        number += f" + {row['new_num_samples']}"
    return [
        *(str(row[name]) for name in names),
        row["part"],
        rounded(row["old_median_ms"], 3),
        rounded(row["new_median_ms"], 3),
        f"{row['ratio']:.3f}",
        "" if pd.isna(low) else f"{low:.3f} – {high:.3f}",
        number,
        f"**{word}**" if bold and row["is_beyond_margin"] else word,
    ]


def _more_samples(shown: pd.DataFrame) -> list[str]:
    """What it would take to decide the whole requests that could not be told."""
    rows = shown[(shown["part"] == WHOLE) & shown["samples_to_decide"].notna()]
    if rows.empty:
        return []
    if len(rows) == 1:
        (row,) = rows.to_dict("records")
        told = advice(row["samples_to_decide"], row["num_samples"])
        return [f"not distinguishable ({row['dataset']}): {told}"]
    ends = [rounded_up(of(rows["samples_to_decide"])) for of in (min, max)]
    return [
        f"not distinguishable: {ends[0]} to {ends[1]} samples a data set, or more repeats, would decide"
    ]


def _times(ratio: float) -> str:
    return f"{ratio:.3g} times as long"


def _cut(line: str) -> str:
    return line if len(line) <= WIDTH else f"{line[: WIDTH - 1]}…"


def _escaped(text: str) -> str:
    return text.replace("|", "\\|").replace("*", "\\*").replace("_", "\\_")
