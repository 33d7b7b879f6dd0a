"""What timing costs on a pair of one's choice: overhead with interval, residual, resolution."""

from __future__ import annotations

import argparse
import itertools
import json
import sys
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow" / "scripts"))

from c2c_timing.cli import add_one_request_arguments, positive, settings_from
from c2c_timing.data.sources import SourceSpec
from c2c_timing.exits import exits_cleanly
from c2c_timing.flags import Formatter
from c2c_timing.places import user_path

EXAMPLES = """examples:
  python benchmarks/timing_overhead.py
  python benchmarks/timing_overhead.py --pair qwen3-0.6b_qwen3-4b-base --weights dummy \\
      --device cuda --dtype bfloat16
"""


def parser() -> argparse.ArgumentParser:
    """The command's flags."""
    flags = argparse.ArgumentParser(description=__doc__, epilog=EXAMPLES, formatter_class=Formatter)
    flags.add_argument("--rounds", type=positive, default=100, help="timed and bare requests")
    flags.add_argument("--seconds", type=positive, default=300, help="begin no more rounds then")
    flags.add_argument("--output", type=user_path, help="the numbers as JSON")
    add_one_request_arguments(flags, max_new_tokens=128)
    return flags


@exits_cleanly
def main(argv: list[str] | None = None) -> int:
    """Run the command on the first built-in sample of gsm8k, at fixed length."""
    arguments = parser().parse_args(argv)
    settings = settings_from(arguments, SourceSpec("builtin"))

    from c2c_timing.cards.dataset_card import load_dataset_card
    from c2c_timing.data.sources import read_rows
    from c2c_timing.keeper import open_session
    from c2c_timing.meters.one_stopwatch import alone_on
    from c2c_timing.meters.wall_times import WallTimes
    from c2c_timing.probes.self_test.overhead import (
        describe,
        describe_clock,
        measure_clock,
        measure_overhead,
    )
    from c2c_timing.session import Trial

    card = load_dataset_card("gsm8k")
    row, other = itertools.islice(read_rows(card, "main", settings.source), 2)
    session = open_session(settings, WallTimes())
    tasks, troubles = session.preparation.tasks_of_row(card, "main", replace(row, other=other))
    for trouble in troubles.values():
        raise trouble
    with alone_on(session.pair.device, "the overhead of timing"):
        clock = measure_clock(session.pair.device.type)
        overheads = [
            measure_overhead(
                session,
                Trial(method, runtime, task.at_length("fixed")),
                clock,
                arguments.rounds,
                settings.seed,
                arguments.seconds,
            )
            for runtime in settings.runtimes
            for method, task in tasks.items()
        ]
    found = {
        "pair": settings.pair.name,
        "model_config": session.model_config,
        "clock": clock,
        "overhead": overheads,
    }
    config = session.model_config
    print(f"{found['pair']} ({config['weights']} weights, {config['dtype']}) on {config['device']}")
    print(describe_clock(clock))
    for overhead in overheads:
        print(f"{overhead['method']} under {overhead['runtime']}:")
        print("\n".join(describe(overhead)))
    if arguments.output:
        arguments.output.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
