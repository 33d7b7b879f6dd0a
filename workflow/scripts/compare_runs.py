"""Compare two runs: what became slower or faster, and how surely; exit code 3 where something is slower."""

from __future__ import annotations

import argparse
import sys

from c2c_timing.analysis.comparison.changes import changes
from c2c_timing.analysis.comparison.differences import differences, refuse_other_things
from c2c_timing.analysis.comparison.rows_in_common import about_samples, refuse_no_rows
from c2c_timing.analysis.comparison.sides import read_side
from c2c_timing.analysis.comparison.words import console, markdown, sentence
from c2c_timing.analysis.deciding import add_margin_flag
from c2c_timing.analysis.merge import write_tsv
from c2c_timing.exits import exits_cleanly
from c2c_timing.flags import Formatter
from c2c_timing.places import user_path
from c2c_timing.text_tables import print_sentences
from c2c_timing.whole_files import write_text_whole

SLOWER = 3
EXAMPLE = """example:
  python workflow/scripts/compare_runs.py results.main results --output changes.tsv --markdown changes.md
exit code: 0 nothing is slower by more than the margin; 3 something is; 1 the runs cannot be compared
"""


def parser() -> argparse.ArgumentParser:
    """The command's flags."""
    flags = argparse.ArgumentParser(description=__doc__, epilog=EXAMPLE, formatter_class=Formatter)
    for name, what in (("OLD", "the run to compare with"), ("NEW", "the run that is in question")):
        flags.add_argument(
            name, type=user_path,
            help=f"{what}: a results folder, or its timings.parquet",
        )  # fmt: skip
    add_margin_flag(flags)
    flags.add_argument(
        "--whole", action="store_true",
        help="whole requests alone, without stages: fewer rows, and so a sharper verdict on each",
    )  # fmt: skip
    flags.add_argument("--output", type=user_path, metavar="TSV", help="all rows as a table")
    flags.add_argument("--markdown", type=user_path, metavar="MD", help="for a pull request")
    return flags


@exits_cleanly
def main(argv: list[str] | None = None) -> int:
    """Run the command."""
    arguments = parser().parse_args(argv)
    old, new = read_side("OLD", arguments.OLD), read_side("NEW", arguments.NEW)
    refuse_other_things(old, new)
    table = changes(old.timings, new.timings, arguments.margin, not arguments.whole)
    refuse_no_rows(old, new, table)
    said = [*differences(old, new), *about_samples(old.timings, new.timings, table)]
    print_sentences(said or ["nothing else differs between the two runs"])
    print("", *console(table), "", sep="\n")
    print_sentences([sentence(table, arguments.margin)])
    if arguments.output:
        write_tsv(table, arguments.output)
    if arguments.markdown:
        text = markdown(table, said, arguments.margin, arguments.OLD, arguments.NEW)
        write_text_whole(arguments.markdown, text)
    return SLOWER if table["is_beyond_margin"].any() else 0


if __name__ == "__main__":
    sys.exit(main())
