"""The projection alone, called again and again: how many times faster than eager, by tokens.

Weights and code are in the machine's caches here. Within a request prefills have been there in
between: ``benchmarks/runtimes.py`` tells that.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow" / "scripts"))

from c2c_timing.cli import add_one_request_arguments, positive, settings_from
from c2c_timing.data.sources import SourceSpec
from c2c_timing.exits import exits_cleanly
from c2c_timing.flags import Formatter
from c2c_timing.places import user_path

RUNTIMES = ("eager", "fused")
EXAMPLE = """example:
  python benchmarks/projection.py --tokens 32 170 512
"""


def parser() -> argparse.ArgumentParser:
    """The command's flags."""
    flags = argparse.ArgumentParser(description=__doc__, epilog=EXAMPLE, formatter_class=Formatter)
    flags.add_argument("--tokens", nargs="+", type=positive, default=[32, 170, 512])
    flags.add_argument("--rounds", type=positive, default=40, help="turns of each runtime")
    flags.add_argument("--calls", type=positive, default=10, help="projections a turn")
    flags.add_argument("--output", type=user_path, help="the table as TSV")
    add_one_request_arguments(flags, max_new_tokens=1)
    flags.set_defaults(runtimes=list(RUNTIMES), methods=["c2c"])
    return flags


@exits_cleanly
def main(argv: list[str] | None = None) -> int:
    """Run the command: a line a length."""
    arguments = parser().parse_args(argv)
    settings = settings_from(arguments, SourceSpec("builtin"))

    import pandas as pd
    import torch

    from c2c_timing.keeper import open_session
    from c2c_timing.meters.one_stopwatch import alone_on
    from c2c_timing.meters.wall_times import WallTimes

    session = open_session(settings, WallTimes())
    # As after prefills: what is freed stays the process's (glibc keeps as much as was once freed at once).
    torch.empty(1 << 24, dtype=torch.uint8)
    with alone_on(session.pair.device, "the projection"), torch.inference_mode():
        rows = [
            {"tokens": tokens}
            | times(projections(session, tokens), arguments.rounds, arguments.calls)
            for tokens in arguments.tokens
        ]
    table = pd.DataFrame(rows)
    print(table.to_string(index=False, float_format=lambda value: f"{value:.3g}"))
    if arguments.output:
        table.to_csv(arguments.output, sep="\t", index=False, float_format="%.5g")
    return 0


def projections(session, tokens: int) -> dict[str, Callable[[], int]]:
    """One call a runtime, each with caches of its own, full of small numbers."""

    def full(moves):
        cache = moves.new_cache(tokens)
        for states in cache.tensors():
            states.normal_(std=0.1)
        return cache

    def call(running) -> Callable[[], int]:
        base, teachers = full(running.base), [full(teacher) for teacher in running.teachers]
        span = (0, tokens)
        return lambda: running.project(base, span, [(cache, span) for cache in teachers])

    return {name: call(running) for name, running in session.running.items()}


def times(calls: dict[str, Callable[[], int]], rounds: int, number: int) -> dict[str, float]:
    """Median milliseconds of each in turns, and the ratio of neighbours with its quartiles."""
    import numpy as np
    from torch.utils.benchmark import Timer

    timers = {name: Timer("call()", globals={"call": call}) for name, call in calls.items()}
    for timer in timers.values():
        timer.timeit(number)  # warm
    found: dict[str, list[float]] = {name: [] for name in timers}
    for _ in range(rounds):
        for name, timer in timers.items():
            found[name].append(timer.timeit(number).mean * 1e3)
    first, second = (np.array(found[name]) for name in RUNTIMES)
    low, middle, high = np.quantile(first / second, [0.25, 0.5, 0.75])
    medians = {f"{name}_ms": float(np.median(values)) for name, values in found.items()}
    return medians | {"times_faster": middle, "quartile_low": low, "quartile_high": high}


if __name__ == "__main__":
    sys.exit(main())
