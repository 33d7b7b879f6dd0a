"""Test the clock on this device: delays in every stage must be found there and nowhere else."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from c2c_timing.errors import UserError, exits_cleanly

EXAMPLE = """example:
  python workflow/scripts/self_test.py --device cuda --output results/self_test.json
"""


def parser() -> argparse.ArgumentParser:
    """The command's flags."""
    flags = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLE, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    flags.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:N (default: auto)")
    flags.add_argument("--output", type=Path, default=Path("results/self_test.json"))
    return flags


@exits_cleanly
def main(argv: list[str] | None = None) -> int:
    """Run the command; the file is written whether or not the clock passes."""
    arguments = parser().parse_args(argv)
    output = arguments.output
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{output.parent}: cannot be written ({error.strerror})") from None

    from c2c_timing.checks.self_test import run_self_test, table

    found, checks = run_self_test(arguments.device)
    partial = output.with_name(output.name + ".partial")
    partial.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    partial.replace(output)
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
