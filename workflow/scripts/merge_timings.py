"""Merge the records of all shards into one Parquet file, and their failures into one table."""

from __future__ import annotations

import argparse
import json
import sys

from c2c_timing.analysis.coverage import (
    add_manifest_arguments,
    coverage,
    read_manifest,
    timing_files,
    with_samples,
)
from c2c_timing.analysis.merge import merged_into, write_tsv
from c2c_timing.analysis.run_checks import check_runs
from c2c_timing.errors import UserError
from c2c_timing.exits import exits_cleanly
from c2c_timing.flags import Formatter
from c2c_timing.places import user_path
from c2c_timing.shard_names import errors_file_beside

EXAMPLE = """example:
  python workflow/scripts/merge_timings.py results/timings/*/*_timing.jsonl \\
      --output results/timings.parquet --errors-output results/errors.tsv
"""


def parser() -> argparse.ArgumentParser:
    """The command's flags."""
    flags = argparse.ArgumentParser(description=__doc__, epilog=EXAMPLE, formatter_class=Formatter)
    flags.add_argument("shards", nargs="*", type=user_path, help="*_timing.jsonl files")
    add_manifest_arguments(flags)
    flags.add_argument(
        "--allow-missing", action="store_true", help="merge the manifest's shards that are there"
    )
    flags.add_argument(
        "--settings",
        type=json.loads,
        metavar="JSON",
        help="what the shards must have been timed with; without it those of one pair must agree",
    )
    flags.add_argument("--output", type=user_path, required=True, help="all records as Parquet")
    flags.add_argument(
        "--errors-output", type=user_path, required=True, help="failed samples as TSV"
    )
    flags.add_argument(
        "--coverage-output",
        type=user_path,
        help="which of the manifest's shards are there, as a TSV",
    )
    flags.add_argument("--threads", type=int, default=1, help="processes that read at a time")
    return flags


@exits_cleanly
def main(argv: list[str] | None = None) -> int:
    """Run the command."""
    arguments = parser().parse_args(argv)
    # An earlier version left errors among the records: they are read with their shards.
    beside = set(map(errors_file_beside, arguments.shards))
    paths = [path for path in arguments.shards if path not in beside]
    if arguments.manifest:
        covered = coverage(read_manifest(arguments.manifest), arguments.timings_dir)
        wanted = covered[covered["state"] == "done"] if arguments.allow_missing else covered
        paths += timing_files(wanted, arguments.timings_dir)
    elif arguments.allow_missing or arguments.coverage_output:
        raise UserError("which shards are missing: --manifest must say which there should be")
    counts = check_runs(paths, arguments.settings)
    with merged_into(arguments.output, paths, arguments.threads) as merged:
        if merged.apart:
            print(merged.apart, file=sys.stderr)
        write_tsv(merged.errors, arguments.errors_output)
        if arguments.coverage_output:
            covered = with_samples(covered, arguments.timings_dir, counts)
            write_tsv(covered, arguments.coverage_output)
    print(f"{merged.records} records, {len(merged.errors)} failed samples")
    return 0


if __name__ == "__main__":
    sys.exit(main())
