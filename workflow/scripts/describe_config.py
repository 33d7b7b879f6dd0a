"""Say what each key of the config means, and what it may be, as Markdown."""

from __future__ import annotations

import argparse
import sys

from c2c_timing.exits import exits_cleanly
from c2c_timing.page_command import page_parser, write_page
from c2c_timing.planning.config_page import page

EXAMPLE = """examples:
  python workflow/scripts/describe_config.py | grep num_samples
  python workflow/scripts/describe_config.py --output config/README.md
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
