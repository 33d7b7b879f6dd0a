"""Measure what this device can do at best: copies, matrix products, latencies, synchronisation."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from c2c_timing.exits import exits_cleanly
from c2c_timing.probes.device_command import device_parser, make_folder_of, write_report

EXAMPLE = """example:
  python workflow/scripts/measure_device.py --device cuda --output results/device.json
"""
# p90 / p10 of one number above which the machine was busy with something else.
UNSTEADY = 1.25
LATENCIES = ("launch_us", "graph_node_us", "synchronise_us", "read_back_us")


def parser() -> argparse.ArgumentParser:
    """The command's flags."""
    return device_parser(__doc__, EXAMPLE, Path("results/device.json"))


@exits_cleanly
def main(argv: list[str] | None = None) -> int:
    """Run the command."""
    arguments = parser().parse_args(argv)
    make_folder_of(arguments.output)

    from c2c_timing.engine.devices import resolve_device
    from c2c_timing.meters.one_stopwatch import alone_on
    from c2c_timing.probes.device.measure import measure_device

    device = resolve_device(arguments.device)
    with alone_on(device, "measuring the device"):
        measured = measure_device(device)
    write_report(arguments.output, measured)
    print("\n".join(describe(measured)))
    return 0


def describe(measured: dict) -> list[str]:
    """The numbers for a person."""
    large = measured["copy_gigabytes_per_second"][-1]
    rates = measured["product_gigaflops_per_second"]
    latencies = {n: measured[n] for n in LATENCIES}
    repeated = {
        "copies": large,
        **rates,
        "launches": measured["launch_us"],
        "graph nodes": measured["graph_node_us"],
    }
    unsteady = [
        name for name, value in repeated.items() if value and value["p90"] > UNSTEADY * value["p10"]
    ]
    lines = [
        f"{measured['device']}: copies {large['median']:.4g} GB/s (read and written)",
        *(f"{dtype} products {rate['median']:.4g} GFLOP/s" for dtype, rate in rates.items()),
        *(
            f"{n.removesuffix('_us').replace('_', ' ')} {us['median']:.3g} µs"
            for n, us in latencies.items()
            if us
        ),
    ]
    if unsteady:
        lines.append(f"unsteady: {', '.join(unsteady)}; measure again when the machine is idle")
    return lines


if __name__ == "__main__":
    sys.exit(main())
