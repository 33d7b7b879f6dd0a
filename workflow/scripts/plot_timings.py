"""Draw figures from merged records, or from bottlenecks and the device's measured limits."""

from __future__ import annotations

import argparse
import functools
import sys
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from c2c_timing.analysis.columns import MEASURED, STEPS
from c2c_timing.analysis.deciding import WITH_MARGIN, add_margin_flag
from c2c_timing.analysis.figures import FIGURES, FLOOR_FIGURES, WITH_STEPS
from c2c_timing.analysis.figures.style import NothingToDrawError, only_words, save
from c2c_timing.analysis.filters import CHOICES, in_order_of_pairs, only
from c2c_timing.analysis.first_steps import FIRST_STEPS
from c2c_timing.analysis.merge import read_timings, read_tsv
from c2c_timing.analysis.roofs import read_roofs
from c2c_timing.errors import UserError
from c2c_timing.exits import exits_cleanly
from c2c_timing.flags import Formatter
from c2c_timing.places import user_path
from c2c_timing.progress import say

EXAMPLE = """examples:
  python workflow/scripts/plot_timings.py --figure stage_breakdown --timings results/timings.parquet \\
      --png stages.png --svg stages.svg
  python workflow/scripts/plot_timings.py --figures stage_breakdown throughput \\
      --timings results/timings.parquet --folder results/plots
  python workflow/scripts/plot_timings.py --figure roofline --bottlenecks results/bottlenecks.tsv \\
      --device results/device.json --png roofline.png --svg roofline.svg
  python workflow/scripts/plot_timings.py --figures stage_breakdown break_even --folder graphs \\
      --timings results/timings.parquet --runtime graphs --length_view fixed
"""


def parser() -> argparse.ArgumentParser:
    """The command's flags."""
    flags = argparse.ArgumentParser(description=__doc__, epilog=EXAMPLE, formatter_class=Formatter)
    names = sorted(FIGURES | FLOOR_FIGURES)
    which = flags.add_mutually_exclusive_group(required=True)
    which.add_argument(
        "--figure", choices=names, metavar="FIGURE", help="one, into --png and --svg"
    )
    which.add_argument(
        "--figures",
        choices=names,
        nargs="+",
        metavar="FIGURE",
        help="several, into --folder; of one that cannot be drawn the reason stands in its place",
    )
    flags.add_argument(
        "--timings", type=user_path, help="merged records; of all figures but roofline"
    )
    flags.add_argument("--bottlenecks", type=user_path, help="of find_bottlenecks.py, for roofline")
    flags.add_argument("--device", type=user_path, help="of measure_device.py, for roofline")
    flags.add_argument("--png", type=user_path, help="of --figure")
    flags.add_argument("--svg", type=user_path, help="of --figure")
    add_margin_flag(flags)
    flags.add_argument("--folder", type=user_path, help="for NAME.png and NAME.svg of each figure")
    chosen = flags.add_argument_group(
        "part of the records",
        "a figure draws no more panels than are legible: with these, any other",
    )
    for name, title in CHOICES.items():
        chosen.add_argument(
            f"--{name}", nargs="+", metavar=name.upper(), help=f"only these {title} (default: all)"
        )
    chosen.add_argument(
        "--pairs_first",
        nargs="+",
        metavar="PAIR",
        help="the order in which pairs are chosen where a figure cannot hold all "
        "(default: that of the records)",
    )
    return flags


@exits_cleanly
def main(argv: list[str] | None = None) -> int:
    """Run the command."""
    arguments = parser().parse_args(argv)
    if arguments.figure:
        _need(arguments, "--figure", "png", "svg")
        save(Sources(arguments).draw(arguments.figure), arguments.png, arguments.svg)
    else:
        _need(arguments, "--figures", "folder")
        _draw_all(Sources(arguments), arguments.figures, arguments.folder)
    return 0


def _draw_all(sources: Sources, names: list[str], folder: Path) -> None:
    """Every figure, or the reason in its place.

    Raises:
        UserError: there is nothing to draw any of them from.
    """
    reasons = []
    for name in names:
        try:
            figure = sources.draw(name)
        except NothingToDrawError as error:
            figure = only_words(f"{name} cannot be drawn: {error}")
            reasons.append(f"{name}: {error}")
        save(figure, folder / f"{name}.png", folder / f"{name}.svg")
    if len(reasons) == len(names):
        raise UserError("; ".join(reasons))
    for reason in reasons:
        say(reason)


class Sources:
    """What the flags name, read once for all figures."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self._arguments = arguments

    def draw(self, name: str) -> Figure:
        """One figure.

        Raises:
            UserError: a flag is missing, or a file cannot be read.
            NothingToDrawError: the records have nothing that it could show.
        """
        if name in FLOOR_FIGURES:
            _need(self._arguments, name, "bottlenecks", "device")
            table, roofs = read_tsv(self._arguments.bottlenecks), read_roofs(self._arguments.device)
            return FLOOR_FIGURES[name](self._chosen(table), roofs)
        _need(self._arguments, name, "timings")
        timings = self._timings(name in WITH_STEPS)
        if name in WITH_MARGIN:
            return FIGURES[name](timings, margin=self._arguments.margin)
        return FIGURES[name](timings)

    @functools.cache  # noqa: B019 (of one command)
    def _timings(self, with_steps: bool) -> pd.DataFrame:
        columns = [*MEASURED, *FIRST_STEPS, *(STEPS if with_steps else ())]
        timings = self._chosen(read_timings(self._arguments.timings, columns))
        return in_order_of_pairs(timings, self._arguments.pairs_first or ())

    def _chosen(self, table: pd.DataFrame) -> pd.DataFrame:
        return only(table, {name: getattr(self._arguments, name) for name in CHOICES})


def _need(arguments: argparse.Namespace, what: str, *flags: str) -> None:
    for flag in flags:
        if getattr(arguments, flag) is None:
            raise UserError(f"{what} needs --{flag}")


if __name__ == "__main__":
    sys.exit(main())
