"""Test the clock on this device: delays in every stage must be found there and nowhere else."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from c2c_timing.cli import add_runtimes_argument
from c2c_timing.errors import UserError
from c2c_timing.exits import exits_cleanly
from c2c_timing.probes.device_command import device_parser, make_folder_of, write_report

EXAMPLE = """example:
  python workflow/scripts/self_test.py --device cuda --runtimes eager fused graphs
"""


def parser() -> argparse.ArgumentParser:
    """The command's flags."""
    flags = device_parser(__doc__, EXAMPLE, Path("results/self_test.json"))
    add_runtimes_argument(flags)
    return flags


@exits_cleanly
def main(argv: list[str] | None = None) -> int:
    """Run the command; the file is written whether or not the clock passes."""
    arguments = parser().parse_args(argv)
    make_folder_of(arguments.output)

    from c2c_timing.engine.devices import resolve_device
    from c2c_timing.meters.one_stopwatch import alone_on
    from c2c_timing.probes.self_test.whole import run_self_test, table

    with alone_on(resolve_device(arguments.device), "the self-test"):
        found, checks = run_self_test(arguments.device, arguments.runtimes)
    write_report(arguments.output, found)
    print("\n".join(table(found)), flush=True)
    failed = [check for check in checks if not check.is_passed]
    if failed:
        raise UserError(
            f"the clock cannot be trusted on this device: {len(failed)} of {len(checks)} stages "
            f"failed; {failed[0].as_line()}; stop other work on it and try again"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
