"""Measure what this device can do at best: copies, matrix products, launches, synchronisation."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from c2c_timing.errors import UserError, exits_cleanly

EXAMPLE = """example:
  python workflow/scripts/measure_device.py --device cuda --output results/device.json
"""
# p90 / p10 of one number above which the machine was busy with something else.
UNSTEADY = 1.25


def parser() -> argparse.ArgumentParser:
    """The command's flags."""
    flags = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLE, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    flags.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:N (default: auto)")
    flags.add_argument("--output", type=Path, default=Path("results/device.json"))
    return flags


@exits_cleanly
def main(argv: list[str] | None = None) -> int:
    """Run the command."""
    arguments = parser().parse_args(argv)
    output = arguments.output
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{output.parent}: cannot be written ({error.strerror})") from None

    from c2c_timing.engine.devices import resolve_device
    from c2c_timing.floors.measure import measure_device

    measured = measure_device(resolve_device(arguments.device))
    partial = output.with_name(output.name + ".partial")
    partial.write_text(json.dumps(measured, indent=1) + "\n", encoding="utf-8")
    partial.replace(output)
    print("\n".join(describe(measured)))
    return 0


def describe(measured: dict) -> list[str]:
    """The numbers for a person."""
    large = measured["copy_gigabytes_per_second"][-1]
    rates = measured["product_gigaflops_per_second"]
    unsteady = [
        name
        for name, value in (("copies", large), *rates.items(), ("launches", measured["launch_us"]))
        if value["p90"] > UNSTEADY * value["p10"]
    ]
    latencies = {n: measured[n] for n in ("launch_us", "synchronise_us", "read_back_us")}
    lines = [
        f"{measured['device']}: copies {large['median']:.4g} GB/s (read and written)",
        *(f"{dtype} products {rate['median']:.4g} GFLOP/s" for dtype, rate in rates.items()),
        *(f"{n.removesuffix('_us')} {us['median']:.3g} µs" for n, us in latencies.items() if us),
    ]
    if unsteady:
        lines.append(f"unsteady: {', '.join(unsteady)}; measure again when the machine is idle")
    return lines


if __name__ == "__main__":
    sys.exit(main())
