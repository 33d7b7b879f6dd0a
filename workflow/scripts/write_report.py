"""Write one self-contained page about a run."""

from __future__ import annotations

import argparse
import sys

from c2c_timing.analysis.columns import MEASURED
from c2c_timing.analysis.coverage import sentences
from c2c_timing.analysis.merge import read_timings, read_tsv
from c2c_timing.analysis.page import render
from c2c_timing.exits import exits_cleanly
from c2c_timing.flags import Formatter
from c2c_timing.places import user_path
from c2c_timing.whole_files import write_text_whole

EXAMPLE = """example:
  python workflow/scripts/write_report.py --timings results/timings.parquet --errors results/errors.tsv \\
      --plots-dir results/plots --output results/report.html
"""


def parser() -> argparse.ArgumentParser:
    """The command's flags."""
    flags = argparse.ArgumentParser(description=__doc__, epilog=EXAMPLE, formatter_class=Formatter)
    flags.add_argument(
        "--timings", type=user_path, required=True, help="merged records (merge_timings.py)"
    )
    flags.add_argument(
        "--errors", type=user_path, required=True, help="failed samples, from the merge"
    )
    flags.add_argument("--coverage", type=user_path, help="which shards are there, from the merge")
    flags.add_argument(
        "--plots-dir", type=user_path, required=True, help="folder of the figures (plot_timings.py)"
    )
    flags.add_argument("--speedup", type=user_path, help="where methods were compared")
    flags.add_argument(
        "--breakeven", type=user_path, help="where C2C and text-to-text were compared"
    )
    flags.add_argument("--ladder", type=user_path, help="where there were several runtimes")
    flags.add_argument("--summary", type=user_path, help="to say which of its rows are not ok")
    flags.add_argument("--output", type=user_path, required=True, help="the page as HTML")
    return flags


@exits_cleanly
def main(argv: list[str] | None = None) -> int:
    """Run the command."""
    arguments = parser().parse_args(argv)
    page = render(
        read_timings(arguments.timings, MEASURED),
        read_tsv(arguments.errors),
        arguments.plots_dir,
        arguments.speedup and read_tsv(arguments.speedup),
        arguments.breakeven and read_tsv(arguments.breakeven),
        arguments.summary and read_tsv(arguments.summary),
        ladder=arguments.ladder and read_tsv(arguments.ladder),
        notes=sentences(read_tsv(arguments.coverage)) if arguments.coverage else [],
    )
    write_text_whole(arguments.output, page)
    return 0


if __name__ == "__main__":
    sys.exit(main())
