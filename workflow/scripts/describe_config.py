"""Say what each key of the config means, and what it may be, as Markdown."""

from __future__ import annotations

import argparse
import sys

from c2c_timing.exits import exits_cleanly
from c2c_timing.flags import Formatter
from c2c_timing.places import user_path
from c2c_timing.planning.config_page import page
from c2c_timing.whole_files import write_text_whole

EXAMPLE = """examples:
  python workflow/scripts/describe_config.py | grep num_samples
  python workflow/scripts/describe_config.py --output config/README.md
"""


def parser() -> argparse.ArgumentParser:
    """The command's flags."""
    flags = argparse.ArgumentParser(description=__doc__, epilog=EXAMPLE, formatter_class=Formatter)
    flags.add_argument("--output", type=user_path, help="file of the page (default: prints it)")
    return flags


@exits_cleanly
def main(argv: list[str] | None = None) -> int:
    """Run the command."""
    arguments = parser().parse_args(argv)
    if arguments.output:
        write_text_whole(arguments.output, page())
    else:
        print(page())
    return 0


if __name__ == "__main__":
    sys.exit(main())
