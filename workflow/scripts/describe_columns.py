"""Say what each column of each table means, and in which unit, as Markdown."""

from __future__ import annotations

import argparse
import sys

from c2c_timing.analysis.columns_page import page
from c2c_timing.exits import exits_cleanly
from c2c_timing.page_command import page_parser, write_page

EXAMPLE = """examples:
  python workflow/scripts/describe_columns.py | grep ttft_ms
  python workflow/scripts/describe_columns.py --output docs/columns.md
"""


def parser() -> argparse.ArgumentParser:
    """The command's flags."""
    return page_parser(__doc__, EXAMPLE)


@exits_cleanly
def main(argv: list[str] | None = None) -> int:
    """Run the command."""
    return write_page(parser().parse_args(argv), page)


if __name__ == "__main__":
    sys.exit(main())
