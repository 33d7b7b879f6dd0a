"""Compare C2C with every other method, and runtimes with each other, sample by sample: what pays?"""

from __future__ import annotations

import argparse
import sys

from c2c_timing.analysis.columns import COMPARED
from c2c_timing.analysis.deciding import add_margin_flag
from c2c_timing.analysis.ladder import c2c_against_methods
from c2c_timing.analysis.length_split import Side
from c2c_timing.analysis.merge import read_timings, write_tsv
from c2c_timing.analysis.resolution import false_calls, resolution_sentences
from c2c_timing.analysis.speedup import compare
from c2c_timing.analysis.verdicts import method_verdicts, runtime_verdicts, turn_verdicts
from c2c_timing.errors import UserError
from c2c_timing.exits import exits_cleanly
from c2c_timing.flags import Formatter
from c2c_timing.method_table import SUBJECT
from c2c_timing.places import user_path
from c2c_timing.runtime_table import REFERENCE
from c2c_timing.text_tables import print_sentences

EXAMPLE = """example:
  python workflow/scripts/compare_methods.py --timings results/timings.parquet --output results/speedup.tsv
"""


def parser() -> argparse.ArgumentParser:
    """The command's flags."""
    flags = argparse.ArgumentParser(description=__doc__, epilog=EXAMPLE, formatter_class=Formatter)
    flags.add_argument(
        "--timings", type=user_path, required=True, help="merged records (merge_timings.py)"
    )
    flags.add_argument("--output", type=user_path, required=True, help="the comparison as TSV")
    add_margin_flag(flags)
    flags.add_argument("--seed", type=int, default=0, help="of the bootstrap")
    return flags


@exits_cleanly
def main(argv: list[str] | None = None) -> int:
    """Run the command."""
    arguments = parser().parse_args(argv)
    timings = read_timings(arguments.timings, [*COMPARED, *Side._fields], with_second_arms=True)
    speedup = compare(timings, arguments.seed, margin=arguments.margin)
    if speedup.empty:
        raise UserError(
            f"{arguments.timings}: no sample was run by {SUBJECT} and by another method, or under "
            f"{REFERENCE} and another runtime; set methods, for example with --configfile "
            "configs/compare.yaml"
        )
    write_tsv(speedup, arguments.output)
    turned = turn_verdicts(c2c_against_methods(speedup))
    verdicts = method_verdicts(speedup) + turned + runtime_verdicts(speedup)
    print_sentences([*verdicts, *resolution_sentences(speedup), *false_calls(speedup)])
    return 0


if __name__ == "__main__":
    sys.exit(main())
