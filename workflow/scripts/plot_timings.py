"""Draw one figure from merged records."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from c2c_timing.analysis.figures import FIGURES
from c2c_timing.analysis.figures.style import save
from c2c_timing.analysis.merge import read_timings
from c2c_timing.errors import exits_cleanly

EXAMPLE = """example:
  python workflow/scripts/plot_timings.py --figure stage_breakdown --timings results/timings.parquet \\
      --png stages.png --svg stages.svg
"""


def parser() -> argparse.ArgumentParser:
    """The command's flags."""
    flags = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLE, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    flags.add_argument("--figure", choices=sorted(FIGURES), required=True)
    flags.add_argument("--timings", type=Path, required=True)
    flags.add_argument("--png", type=Path, required=True)
    flags.add_argument("--svg", type=Path, required=True)
    return flags


@exits_cleanly
def main(argv: list[str] | None = None) -> int:
    """Run the command."""
    arguments = parser().parse_args(argv)
    figure = FIGURES[arguments.figure](read_timings(arguments.timings))
    save(figure, arguments.png, arguments.svg)
    return 0


if __name__ == "__main__":
    sys.exit(main())
