"""Fit what a token costs in each stage, and from which message length on a cache is cheaper than text."""

from __future__ import annotations

import argparse
import sys

from c2c_timing.analysis.break_even import CACHE, TEXT, break_even_table
from c2c_timing.analysis.columns import MEASURED
from c2c_timing.analysis.first_steps import FIRST_STEPS
from c2c_timing.analysis.merge import read_timings, write_tsv
from c2c_timing.analysis.stage_costs import stage_costs
from c2c_timing.analysis.verdicts import break_even_verdicts
from c2c_timing.errors import UserError
from c2c_timing.exits import exits_cleanly
from c2c_timing.flags import Formatter
from c2c_timing.places import user_path
from c2c_timing.text_tables import print_sentences

EXAMPLE = """example:
  python workflow/scripts/fit_break_even.py --timings results/timings.parquet \\
      --output results/breakeven.tsv --costs-output results/stage_costs.tsv
"""


def parser() -> argparse.ArgumentParser:
    """The command's flags."""
    flags = argparse.ArgumentParser(description=__doc__, epilog=EXAMPLE, formatter_class=Formatter)
    flags.add_argument(
        "--timings", type=user_path, required=True, help="merged records (merge_timings.py)"
    )
    flags.add_argument("--output", type=user_path, required=True, help="break-even lengths as TSV")
    flags.add_argument(
        "--costs-output",
        type=user_path,
        required=True,
        help="what a token costs in each stage, as TSV",
    )
    flags.add_argument("--seed", type=int, default=0, help="of the bootstrap")
    return flags


@exits_cleanly
def main(argv: list[str] | None = None) -> int:
    """Run the command."""
    arguments = parser().parse_args(argv)
    timings = read_timings(arguments.timings, [*MEASURED, *FIRST_STEPS])
    table = break_even_table(timings, arguments.seed)
    if table.empty:
        raise UserError(
            f"{arguments.timings}: has no records of both {CACHE} and {TEXT}; set methods, for example "
            "with --configfile configs/compare.yaml"
        )
    write_tsv(stage_costs(timings, arguments.seed), arguments.costs_output)
    write_tsv(table, arguments.output)
    print_sentences(break_even_verdicts(table))
    return 0


if __name__ == "__main__":
    sys.exit(main())
