"""How often intervals hold the truth where processes differ: over samples of one, and over several.

Invented times, no clock: a method's times differ from process to process by a factor, from sample to
sample by another, and every request has its noise. Both methods are equally fast; an interval that
leaves 1 out misses.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow" / "scripts"))

import numpy as np

from c2c_timing.analysis.paired_times import Pairs, compare_pairs
from c2c_timing.cli import positive
from c2c_timing.exits import exits_cleanly
from c2c_timing.flags import Formatter
from c2c_timing.statistics import spreads
from c2c_timing.text_tables import aligned

EXAMPLE = """example:
  python benchmarks/process_coverage.py --apart 0 0.02 0.1 --processes 1 2 3 5 10
"""
HEADER = ["between processes", "processes", "speed-up holds 1", "half-width", "median holds it"]


def parser() -> argparse.ArgumentParser:
    """The command's flags."""
    flags = argparse.ArgumentParser(description=__doc__, epilog=EXAMPLE, formatter_class=Formatter)
    flags.add_argument(
        "--apart", nargs="+", type=float, default=[0.0, 0.02, 0.1],
        help="standard deviations of the logarithm of a method's time between processes",
    )  # fmt: skip
    flags.add_argument("--processes", nargs="+", type=positive, default=[1, 2, 3, 5, 10])
    flags.add_argument("--samples", type=positive, default=12)
    flags.add_argument("--runs", type=positive, default=400, help="shards for each number")
    flags.add_argument("--seed", type=int, default=0)
    return flags


def invented(
    rng: np.random.Generator, samples: int, processes: int, apart: float, noise: float = 0.03
) -> np.ndarray:
    """Times (2 methods, samples, processes), in ms; their true median is 100.

    Samples differ by a factor that both methods share, and each by a smaller one of its own.
    """
    size = rng.normal(0, 0.1, (1, samples, 1)) + rng.normal(0, 0.03, (2, samples, 1))
    of_process = rng.normal(0, apart, (2, 1, processes))
    return 100 * np.exp(size + of_process + rng.normal(0, noise, (2, samples, processes)))


def coverage(
    rng: np.random.Generator, runs: int, samples: int, processes: int, apart: float
) -> tuple[float, float, float]:
    """Shares of shards whose intervals of the speed-up and of a median hold the truth; and a width.

    The width is the median of exp((ln high - ln low) / 2) - 1 of the speed-up.
    """
    sample = np.repeat(np.arange(samples), processes)
    process = np.tile(np.arange(processes), samples)
    times = [invented(rng, samples, processes, apart).reshape(2, -1) for _ in range(runs)]
    pairs = [Pairs.of(own, other, sample, process) for own, other in times]
    ends = np.array([[n["speedup_low"], n["speedup_high"]] for n in compare_pairs(pairs)])
    own = [spreads(of[0], 0 * sample, sample, 1, process + 1) for of in times]
    medians = np.array([[each["median_low"][0], each["median_high"][0]] for each in own])
    half = np.expm1(np.diff(np.log(ends), axis=1) / 2)
    return _holds(ends, 1.0), float(np.median(half)), _holds(medians, 100.0)


def _holds(ends: np.ndarray, truth: float) -> float:
    return float(((ends[:, 0] <= truth) & (truth <= ends[:, 1])).mean())


@exits_cleanly
def main(argv: list[str] | None = None) -> int:
    """Run the command."""
    arguments = parser().parse_args(argv)
    rows = []
    for apart in arguments.apart:
        for processes in arguments.processes:
            rng = np.random.default_rng([arguments.seed, processes, int(1e6 * apart)])
            found = coverage(rng, arguments.runs, arguments.samples, processes, apart)
            rows.append([f"{apart:.0%}", str(processes), *(f"{number:.1%}" for number in found)])
    print(
        f"{arguments.runs} shards of {arguments.samples} samples each; 95.0% is what intervals say"
    )
    print("\n".join(aligned([HEADER, *rows], right=HEADER)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
