"""Merge the records of all shards into one Parquet file, and their failures into one table."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from c2c_timing.analysis.merge import kept_apart, merge, write_parquet, write_tsv
from c2c_timing.analysis.runs import read_manifest
from c2c_timing.errors import exits_cleanly

EXAMPLE = """example:
  python workflow/scripts/merge_timings.py results/timings/*/*_timing.jsonl \\
      --output results/timings.parquet --errors-output results/errors.tsv
"""


def parser() -> argparse.ArgumentParser:
    """The command's flags."""
    flags = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLE, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    flags.add_argument("shards", nargs="*", type=Path, help="*_timing.jsonl files")
    flags.add_argument("--manifest", type=Path, help="text file with one such path a line")
    flags.add_argument("--output", type=Path, required=True)
    flags.add_argument("--errors-output", type=Path, required=True)
    return flags


@exits_cleanly
def main(argv: list[str] | None = None) -> int:
    """Run the command."""
    arguments = parser().parse_args(argv)
    paths = list(arguments.shards)
    if arguments.manifest:
        paths += read_manifest(arguments.manifest)
    timings, errors = merge(paths)
    if apart := kept_apart(timings):
        print(apart, file=sys.stderr)
    write_tsv(errors, arguments.errors_output)
    write_parquet(timings, arguments.output)
    print(f"{len(timings)} records, {len(errors)} failed samples")
    return 0


if __name__ == "__main__":
    sys.exit(main())
