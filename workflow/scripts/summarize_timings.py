"""Summarise merged records: one row per pair, method, runtime, data set and subject."""

from __future__ import annotations

import argparse
import sys

from c2c_timing.analysis.columns import MEASURED
from c2c_timing.analysis.coverage import (
    add_manifest_arguments,
    mark_partial,
    named_run_files,
)
from c2c_timing.analysis.merge import read_timings, read_tsv, write_tsv
from c2c_timing.analysis.quality_sentences import verdict
from c2c_timing.analysis.runs import read_watched
from c2c_timing.analysis.short_summary import short
from c2c_timing.analysis.summary import summarize
from c2c_timing.exits import exits_cleanly
from c2c_timing.flags import Formatter
from c2c_timing.places import user_path
from c2c_timing.text_tables import print_sentences

EXAMPLE = """example:
  python workflow/scripts/summarize_timings.py --timings results/timings.parquet \\
      --errors results/errors.tsv --output results/summary.tsv --full-output results/summary_full.tsv
"""


def parser() -> argparse.ArgumentParser:
    """The command's flags."""
    flags = argparse.ArgumentParser(description=__doc__, epilog=EXAMPLE, formatter_class=Formatter)
    add_manifest_arguments(flags, ": their runs tell of throttling and load")
    flags.add_argument(
        "--timings", type=user_path, required=True, help="merged records (merge_timings.py)"
    )
    flags.add_argument(
        "--errors", type=user_path, required=True, help="failed samples, from the merge"
    )
    flags.add_argument("--coverage", type=user_path, help="which shards are there, from the merge")
    flags.add_argument(
        "--output", type=user_path, required=True, help="what one reads of it, as TSV"
    )
    flags.add_argument("--full-output", type=user_path, help="all statistics of all keys, as TSV")
    return flags


@exits_cleanly
def main(argv: list[str] | None = None) -> int:
    """Run the command."""
    arguments = parser().parse_args(argv)
    summary = summarize(
        read_timings(arguments.timings, MEASURED),
        read_tsv(arguments.errors),
        *read_watched(named_run_files(arguments)),
    )
    if arguments.coverage:
        summary = mark_partial(summary, read_tsv(arguments.coverage))
    if arguments.full_output:
        write_tsv(summary, arguments.full_output)
    write_tsv(short(summary), arguments.output)
    said = verdict(summary[["count", "quality"]].to_dict("records"))
    print_sentences([said, f"{len(summary)} rows in {arguments.output}"])
    return 0


if __name__ == "__main__":
    sys.exit(main())
