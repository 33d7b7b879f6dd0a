"""Put every method on every runtime side by side: time, C2C against the others, where that turns."""

from __future__ import annotations

import argparse
import sys

from c2c_timing.analysis.columns import MEASURED
from c2c_timing.analysis.deciding import add_margin_flag
from c2c_timing.analysis.first_steps import FIRST_STEPS
from c2c_timing.analysis.ladder import ladder
from c2c_timing.analysis.merge import read_timings, write_tsv
from c2c_timing.analysis.verdicts import turn_verdicts
from c2c_timing.errors import UserError
from c2c_timing.exits import exits_cleanly
from c2c_timing.flags import Formatter
from c2c_timing.places import user_path
from c2c_timing.text_tables import print_sentences

EXAMPLE = """example:
  python workflow/scripts/write_ladder.py --timings results/timings.parquet --output results/ladder.tsv
"""


def parser() -> argparse.ArgumentParser:
    """The command's flags."""
    flags = argparse.ArgumentParser(description=__doc__, epilog=EXAMPLE, formatter_class=Formatter)
    flags.add_argument(
        "--timings", type=user_path, required=True, help="merged records (merge_timings.py)"
    )
    flags.add_argument("--output", type=user_path, required=True, help="the ladder as TSV")
    add_margin_flag(flags)
    flags.add_argument("--seed", type=int, default=0, help="of the bootstrap")
    return flags


@exits_cleanly
def main(argv: list[str] | None = None) -> int:
    """Run the command."""
    arguments = parser().parse_args(argv)
    timings = read_timings(arguments.timings, [*MEASURED, *FIRST_STEPS])
    table = ladder(timings, arguments.seed, arguments.margin)
    if table.empty:
        raise UserError(
            f"{arguments.timings}: no pair was run under several runtimes; set runtimes, for example "
            "with --configfile configs/runtimes.yaml"
        )
    write_tsv(table, arguments.output)
    print_sentences(turn_verdicts(table))
    return 0


if __name__ == "__main__":
    sys.exit(main())
