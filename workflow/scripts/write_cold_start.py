"""What it costs to begin: imports, loading, building, first requests; and when a runtime has paid for it."""

from __future__ import annotations

import argparse
import sys

from c2c_timing.analysis.cold_start import SERIES, cold_start, sentences
from c2c_timing.analysis.columns import COMPARED
from c2c_timing.analysis.coverage import add_manifest_arguments, named_run_files
from c2c_timing.analysis.merge import read_timings, write_tsv
from c2c_timing.analysis.runs import BEGINNING, read_told
from c2c_timing.exits import exits_cleanly
from c2c_timing.flags import Formatter
from c2c_timing.places import user_path
from c2c_timing.text_tables import print_sentences

EXAMPLE = """example:
  python workflow/scripts/write_cold_start.py results/timings/*/*_run.json \\
      --timings results/timings.parquet --output results/coldstart.tsv
"""


def parser() -> argparse.ArgumentParser:
    """The command's flags."""
    flags = argparse.ArgumentParser(description=__doc__, epilog=EXAMPLE, formatter_class=Formatter)
    flags.add_argument("runs", nargs="*", type=user_path, help="*_run.json files")
    add_manifest_arguments(flags)
    flags.add_argument("--timings", type=user_path, required=True, help="merged records")
    flags.add_argument("--output", type=user_path, required=True, help="the table as TSV")
    return flags


@exits_cleanly
def main(argv: list[str] | None = None) -> int:
    """Run the command."""
    arguments = parser().parse_args(argv)
    runs = [*arguments.runs, *named_run_files(arguments)]
    timings = read_timings(arguments.timings, [*COMPARED, *SERIES, "started_at"])
    table = cold_start(read_told(runs, BEGINNING), timings)
    write_tsv(table, arguments.output)
    print_sentences([f"{len(table)} rows in {arguments.output}", *sentences(table)])
    return 0


if __name__ == "__main__":
    sys.exit(main())
