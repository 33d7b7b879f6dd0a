"""Write one self-contained page about a run."""

from __future__ import annotations

import argparse
import sys

from c2c_timing.analysis.columns import MEASURED
from c2c_timing.analysis.coverage import add_manifest_arguments, named_run_files
from c2c_timing.analysis.deciding import add_margin_flag
from c2c_timing.analysis.merge import read_timings, read_tsv
from c2c_timing.analysis.report.page import render
from c2c_timing.analysis.report.sources import Sources, read_self_test
from c2c_timing.analysis.runs import read_told
from c2c_timing.exits import exits_cleanly
from c2c_timing.flags import Formatter
from c2c_timing.places import user_path
from c2c_timing.whole_files import write_text_whole

EXAMPLE = """example:
  python workflow/scripts/write_report.py --timings results/timings.parquet --errors results/errors.tsv \\
      --figures results/plots/throughput.svg results/plots/stage_breakdown.svg --output results/report.html
"""
# Tables that are shown where they are given, by flag.
TABLES = {
    "summary": "the full one of summarize_timings.py, to say which rows are not ok",
    "coverage": "of merge_timings.py, to say which shards are missing",
    "speedup": "of compare_methods.py, where methods or runtimes were compared",
    "breakeven": "of fit_break_even.py, where C2C and text-to-text were compared",
    "ladder": "of write_ladder.py, where there were several runtimes",
    "coldstart": "of write_cold_start.py, to say what it costs to begin",
    "bottlenecks": "of find_bottlenecks.py, to say where to work first",
}


def parser() -> argparse.ArgumentParser:
    """The command's flags."""
    flags = argparse.ArgumentParser(description=__doc__, epilog=EXAMPLE, formatter_class=Formatter)
    flags.add_argument(
        "--timings", type=user_path, required=True, help="merged records (merge_timings.py)"
    )
    flags.add_argument(
        "--errors", type=user_path, required=True, help="failed samples, from the merge"
    )
    for name, meaning in TABLES.items():
        flags.add_argument(f"--{name}", type=user_path, help=meaning)
    flags.add_argument(
        "--figures",
        type=user_path,
        nargs="+",
        default=[],
        metavar="SVG",
        help="figures of this run, each with its PNG beside it; no others are shown",
    )
    flags.add_argument(
        "--config-files",
        type=user_path,
        nargs="+",
        default=[],
        metavar="FILE",
        help="of the run, to name them",
    )
    flags.add_argument("--device", type=user_path, help="of measure_device.py, to name the file")
    flags.add_argument("--self-test", type=user_path, help="what the clock's self-test wrote")
    taken = "what the verdicts took for the same, to say it (default: it is not said)"
    add_margin_flag(flags, default=None, meaning=taken)
    flags.add_argument(
        "--pairs_first", nargs="+", metavar="PAIR",
        help="order of the pairs in commands of figures (default: that of the records)",
    )  # fmt: skip
    add_manifest_arguments(flags, ": where the numbers come from")
    flags.add_argument("--output", type=user_path, required=True, help="the page as HTML")
    return flags


@exits_cleanly
def main(argv: list[str] | None = None) -> int:
    """Run the command."""
    arguments = parser().parse_args(argv)
    given = {name: getattr(arguments, name) for name in TABLES}
    named = {"timings": arguments.timings, "errors": arguments.errors, **given}
    named["device"] = arguments.device
    page = render(
        Sources(
            read_timings(arguments.timings, MEASURED),
            read_tsv(arguments.errors),
            **{name: read_tsv(path) for name, path in given.items() if path},
            margin=arguments.margin,
            pairs=arguments.pairs_first or (),
            runs=read_told(named_run_files(arguments)),
            self_test=arguments.self_test and read_self_test(arguments.self_test),
            configs=list(map(str, arguments.config_files)),
            figures=arguments.figures,
            files={name: str(path) for name, path in named.items() if path},
        )
    )
    write_text_whole(arguments.output, page)
    return 0


if __name__ == "__main__":
    sys.exit(main())
