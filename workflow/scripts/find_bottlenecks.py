"""Set every stage's time beside its floor; the first line is the place to work."""

from __future__ import annotations

import argparse
import sys

import pandas as pd

from c2c_timing.analysis.bottlenecks import READ, find_bottlenecks
from c2c_timing.analysis.coverage import add_manifest_arguments, named_run_files
from c2c_timing.analysis.floor_gaps import sentence
from c2c_timing.analysis.merge import read_timings, write_tsv
from c2c_timing.analysis.roofs import read_roofs
from c2c_timing.analysis.runs import read_shapes
from c2c_timing.exits import exits_cleanly
from c2c_timing.flags import Formatter
from c2c_timing.places import user_path
from c2c_timing.text_tables import print_sentences

EXAMPLE = """example:
  python workflow/scripts/find_bottlenecks.py results/timings/*/*_run.json \\
      --timings results/timings.parquet --device results/device.json --output results/bottlenecks.tsv
"""


def parser() -> argparse.ArgumentParser:
    """The command's flags."""
    flags = argparse.ArgumentParser(description=__doc__, epilog=EXAMPLE, formatter_class=Formatter)
    flags.add_argument(
        "runs", nargs="*", type=user_path, help="*_run.json files, for the shapes in them"
    )
    add_manifest_arguments(flags)
    flags.add_argument("--timings", type=user_path, required=True, help="merged records")
    flags.add_argument(
        "--device", type=user_path, required=True, help="device.json of measure_device.py"
    )
    flags.add_argument("--output", type=user_path, required=True, help="the table as TSV")
    return flags


@exits_cleanly
def main(argv: list[str] | None = None) -> int:
    """Run the command."""
    arguments = parser().parse_args(argv)
    runs = [*arguments.runs, *named_run_files(arguments)]
    roofs = read_roofs(arguments.device)
    timings = read_timings(arguments.timings, READ)
    table = find_bottlenecks(timings, read_shapes(runs), roofs)
    write_tsv(table, arguments.output)
    print_sentences([f"{len(table)} rows in {arguments.output}; {_verdict(table)}"])
    return 0


def _verdict(table: pd.DataFrame) -> str:
    """The first line as a sentence, and what the floors leave out."""
    return "; ".join(filter(None, [_first(table), sentence(table)]))


def _first(table: pd.DataFrame) -> str:
    first = table.iloc[0]
    if first.isna()["time_over_floor"]:
        return "no floor is known"
    under = f" under {first['runtime']}" if table["runtime"].nunique() > 1 else ""
    return (
        f"work first on {first['stage']} of {first['pair']}, {first['method']}{under} "
        f"({first['dataset']}): "
        f"{first['time_over_floor']:.3g} times its floor, bound by {first['bound_by']}"
    )


if __name__ == "__main__":
    sys.exit(main())
