"""Draw one figure from merged records, or from bottlenecks and the device's measured limits."""

from __future__ import annotations

import argparse
import sys

from matplotlib.figure import Figure

from c2c_timing.analysis.columns import MEASURED, STEPS
from c2c_timing.analysis.figures import FIGURES, FLOOR_FIGURES, WITH_STEPS
from c2c_timing.analysis.figures.style import save
from c2c_timing.analysis.merge import read_timings, read_tsv
from c2c_timing.analysis.roofs import read_roofs
from c2c_timing.errors import UserError
from c2c_timing.exits import exits_cleanly
from c2c_timing.places import user_path

EXAMPLE = """examples:
  python workflow/scripts/plot_timings.py --figure stage_breakdown --timings results/timings.parquet \\
      --png stages.png --svg stages.svg
  python workflow/scripts/plot_timings.py --figure roofline --bottlenecks results/bottlenecks.tsv \\
      --device results/device.json --png roofline.png --svg roofline.svg
"""


def parser() -> argparse.ArgumentParser:
    """The command's flags."""
    flags = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLE, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    flags.add_argument("--figure", choices=sorted(FIGURES | FLOOR_FIGURES), required=True)
    flags.add_argument(
        "--timings", type=user_path, help="merged records; of all figures but roofline"
    )
    flags.add_argument("--bottlenecks", type=user_path, help="of find_bottlenecks.py, for roofline")
    flags.add_argument("--device", type=user_path, help="of measure_device.py, for roofline")
    flags.add_argument("--png", type=user_path, required=True)
    flags.add_argument("--svg", type=user_path, required=True)
    return flags


@exits_cleanly
def main(argv: list[str] | None = None) -> int:
    """Run the command."""
    arguments = parser().parse_args(argv)
    save(_draw(arguments), arguments.png, arguments.svg)
    return 0


def _draw(arguments: argparse.Namespace) -> Figure:
    name = arguments.figure
    needs = ("bottlenecks", "device") if name in FLOOR_FIGURES else ("timings",)
    for need in needs:
        if getattr(arguments, need) is None:
            raise UserError(f"{name} needs --{need}")
    if name in FLOOR_FIGURES:
        return FLOOR_FIGURES[name](read_tsv(arguments.bottlenecks), read_roofs(arguments.device))
    columns = [*MEASURED, *(STEPS if name in WITH_STEPS else ())]
    return FIGURES[name](read_timings(arguments.timings, columns))


if __name__ == "__main__":
    sys.exit(main())
