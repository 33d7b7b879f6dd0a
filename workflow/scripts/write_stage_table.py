"""Write the stages of every method in the shape of the C2C paper's Table 3, as TSV and Markdown."""

from __future__ import annotations

import argparse
import sys

from c2c_timing.analysis.columns import MEASURED, MODELS_NAMED
from c2c_timing.analysis.merge import read_timings, write_tsv
from c2c_timing.analysis.stage_table import as_markdown, stage_table
from c2c_timing.exits import exits_cleanly
from c2c_timing.flags import Formatter
from c2c_timing.places import user_path
from c2c_timing.whole_files import write_text_whole

EXAMPLE = """example:
  python workflow/scripts/write_stage_table.py --timings results/timings.parquet \\
      --output results/stage_table.tsv --markdown results/stage_table.md
"""


def parser() -> argparse.ArgumentParser:
    """The command's flags."""
    flags = argparse.ArgumentParser(description=__doc__, epilog=EXAMPLE, formatter_class=Formatter)
    flags.add_argument(
        "--timings", type=user_path, required=True, help="merged records (merge_timings.py)"
    )
    flags.add_argument("--output", type=user_path, required=True, help="the table as TSV")
    flags.add_argument("--markdown", type=user_path, required=True, help="the same for reading")
    return flags


@exits_cleanly
def main(argv: list[str] | None = None) -> int:
    """Run the command."""
    arguments = parser().parse_args(argv)
    table = stage_table(read_timings(arguments.timings, [*MEASURED, *MODELS_NAMED]))
    write_tsv(table, arguments.output)
    write_text_whole(arguments.markdown, as_markdown(table))
    return 0


if __name__ == "__main__":
    sys.exit(main())
