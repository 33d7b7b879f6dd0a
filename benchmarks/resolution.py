"""How often equal things are called different: C2C against itself, in many short runs.

Each run times one shard a data set in fresh processes, as the pipeline does, merges and compares.
Verdicts on C2C against its second arm are counted, over all samples of a run and by data set.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow" / "scripts"))

import numpy as np
import pandas as pd

from c2c_timing.analysis.columns import COMPARED
from c2c_timing.analysis.merge import merged_into, read_timings
from c2c_timing.analysis.resolution import FALSE_CALLS, is_of_second_arm, smallest_difference
from c2c_timing.analysis.speedup import compare
from c2c_timing.cli import positive
from c2c_timing.errors import UserError
from c2c_timing.exits import exits_cleanly
from c2c_timing.flags import Formatter
from c2c_timing.places import SCRIPTS, user_path
from c2c_timing.progress import say

EXAMPLES = """examples:
  python benchmarks/resolution.py --runs 20
  python benchmarks/resolution.py --runs 5 --first 6      (the sixth to the tenth, added to those there)
  python benchmarks/resolution.py --runs 5 --processes 5 --output results/resolution_of_five
"""


def parser() -> argparse.ArgumentParser:
    """The command's flags."""
    flags = argparse.ArgumentParser(description=__doc__, epilog=EXAMPLES, formatter_class=Formatter)
    flags.add_argument("--runs", type=positive, default=20)
    flags.add_argument("--first", type=positive, default=1, help="number of the first of them")
    flags.add_argument("--pair", default="tiny")
    flags.add_argument("--datasets", nargs="+", default=["gsm8k", "openbookqa"])
    flags.add_argument("--methods", nargs="+", default=["base", "teacher", "t2t", "c2c"])
    flags.add_argument("--length_views", nargs="+", default=["natural", "fixed"])
    flags.add_argument("--num_samples", type=positive, default=5, help="of each data set")
    flags.add_argument("--repeats", type=positive, default=3)
    flags.add_argument("--max_new_tokens", type=positive, default=4)
    flags.add_argument("--message_max_tokens", type=positive, default=4)
    flags.add_argument("--processes", type=positive, default=1)
    flags.add_argument("--device", default="auto")
    flags.add_argument(
        "--output", type=user_path, default=Path("results/resolution"),
        help="folder of the runs; those that are there are not timed again",
    )  # fmt: skip
    return flags


def time_run(number: int, arguments: argparse.Namespace) -> list[Path]:
    """Time the shards of one run, each in processes of its own; files of records."""
    folder = arguments.output / str(number)
    kept = ("pair", "methods", "length_views", "num_samples", "repeats", "max_new_tokens",
            "message_max_tokens", "processes", "device")  # fmt: skip
    words = []
    for name in kept:
        value = getattr(arguments, name)
        words += [f"--{name}", *map(str, value if isinstance(value, list) else [value])]
    files = []
    for dataset in arguments.datasets:
        file = folder / arguments.pair / f"{dataset}_main_timing.jsonl"
        files.append(file)
        if file.is_file():
            continue
        command = SCRIPTS / "comprehensive_timing_benchmark.py"
        done = subprocess.run(
            [sys.executable, command, "--dataset", dataset, "--resolution", "--seed", str(number),
             "--output_dir", folder, *words],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode or not file.is_file():
            raise UserError(f"run {number}, {dataset}: {done.stderr.strip().splitlines()[-1]}")
    return files


def verdicts_of(files: list[Path], folder: Path) -> pd.DataFrame:
    """Rows of the comparison that are of C2C against itself."""
    table = folder / "timings.parquet"
    with merged_into(table, files):
        pass
    speedup = compare(read_timings(table, COMPARED, with_second_arms=True))
    return speedup[is_of_second_arm(speedup) & (speedup["scope"] != "subject")]


def told(rows: pd.DataFrame, runs: int) -> list[str]:
    """How often, and what could have been told."""
    lines = []
    for scope, own in rows.groupby("scope"):
        false = Counter(own["verdict"])
        wrong = sum(false[call] for call in FALSE_CALLS)
        differences = [d for row in own.to_dict("records") if (d := smallest_difference(row))]
        lines.append(
            f"{scope}: {wrong} of {len(own)} verdicts called equal things different "
            f"({', '.join(f'{count} {verdict}' for verdict, count in sorted(false.items()))}); "
            f"smallest difference that can be told: median {np.median(differences):.1%}, "
            f"{min(differences):.1%} to {max(differences):.1%}"
        )
    overall = rows[rows["scope"] == "overall"]
    marked = overall[overall["verdict"].isin(FALSE_CALLS)]["run"].nunique()
    return [*lines, f"{marked} of {runs} runs are marked by a false verdict over all samples"]


@exits_cleanly
def main(argv: list[str] | None = None) -> int:
    """Run the command."""
    arguments = parser().parse_args(argv)
    found = []
    for number in range(1, arguments.first + arguments.runs):
        if number < arguments.first and not (arguments.output / str(number)).is_dir():
            continue
        begun = time.monotonic()
        files = time_run(number, arguments)
        rows = verdicts_of(files, arguments.output / str(number))
        found.append(rows.assign(run=number))
        overall = rows[rows["scope"] == "overall"]
        seen = ", ".join(
            f"{s:.4f} {v}" for s, v in zip(overall["speedup"], overall["verdict"], strict=True)
        )
        say(f"run {number}: {seen} ({time.monotonic() - begun:.0f} s)")
    rows = pd.concat(found, ignore_index=True)
    lines = told(rows, len(found))
    print("\n".join(lines))
    (arguments.output / "resolution.json").write_text(json.dumps(lines, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
