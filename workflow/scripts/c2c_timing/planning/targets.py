"""What can be asked for besides shards: tables and figures that a config's methods can fill."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from ..method_table import SUBJECT
from ..results_folder import ResultsFolder
from ..runtime_table import REFERENCE

# At which length of its message text costs as much as the cache: needs both.
BREAK_EVEN = {"c2c", "t2t"}
ALWAYS_DRAWN = (
    "stage_breakdown",
    "time_to_first_token",
    "throughput",
    "decode_step_time",
    "prefill_vs_prompt_length",
    "drift",
)
ALL_FIGURES = (*ALWAYS_DRAWN, "speedup", "break_even", "ladder")
# Never drawn unasked: a column of panels for each data set.
ON_REQUEST = ("ladder_by_data_set",)
FORMATS = ("png", "svg")
# Of the stages beside what the device can do at best.
FLOOR_FIGURES = ("roofline",)


def results_of(config: Mapping[str, Any]) -> ResultsFolder:
    """Where a config's run writes."""
    return ResultsFolder(config["results_dir"])


def table_files(config: Mapping[str, Any]) -> list[str]:
    """Tables that the records of a config can fill."""
    names = [
        "summary.tsv",
        "summary_full.tsv",
        "coldstart.tsv",
        "stage_table.tsv",
        "stage_table.md",
    ]
    if is_comparison(config) or config["resolution"]:
        names.append("speedup.tsv")
    if set(config["methods"]) >= BREAK_EVEN:
        names += ["breakeven.tsv", "stage_costs.tsv"]
    if len(config["runtimes"]) > 1:
        names.append("ladder.tsv")
    return [results_of(config).file(name) for name in names]


def figure_names(config: Mapping[str, Any]) -> list[str]:
    """Figures that the records of a config can fill, without those of the floors."""
    names = [*ALWAYS_DRAWN]
    if is_comparison(config):
        names.append("speedup")
    if set(config["methods"]) >= BREAK_EVEN:
        names.append("break_even")
    if len(config["runtimes"]) > 1:
        names.append("ladder")
    return names


def figures_on_request(config: Mapping[str, Any]) -> list[str]:
    """Figures that are drawn only where asked for by name, each by itself."""
    drawn = figure_names(config)
    return [name for name in (*ALL_FIGURES, *ON_REQUEST) if name not in drawn]


def figure_files(config: Mapping[str, Any]) -> list[str]:
    """All figures of a config."""
    return plot_files([*figure_names(config), *FLOOR_FIGURES], results_of(config))


def plot_files(names: Iterable[str], results: ResultsFolder) -> list[str]:
    """Figures in the two formats of each."""
    return [results.file(f"plots/{name}.{ending}") for name in names for ending in FORMATS]


def comparison_flags(config: Mapping[str, Any]) -> str:
    """The report's flags for the tables of a comparison, where there are any."""
    made, results = table_files(config), results_of(config)
    tables = {
        f"--{name}": results.file(f"{name}.tsv") for name in ("speedup", "breakeven", "ladder")
    }
    return " ".join(f"{flag} {shlex.quote(path)}" for flag, path in tables.items() if path in made)


def is_comparison(config: Mapping[str, Any]) -> bool:
    """Whether C2C has something to be compared with: another method, or another runtime."""
    methods: Collection[str] = config["methods"]
    runtimes: Collection[str] = config["runtimes"]
    return (SUBJECT in methods and len(methods) > 1) or (
        REFERENCE in runtimes and len(runtimes) > 1
    )
