"""What timing costs on a pair of one's choice: overhead with interval, residual, resolution."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow" / "scripts"))

from c2c_timing.cli import Formatter, add_one_request_arguments, positive, settings_from
from c2c_timing.data.sources import SourceSpec
from c2c_timing.exits import exits_cleanly

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
    flags.add_argument("--output", type=Path, help="the numbers as JSON")
    add_one_request_arguments(flags, max_new_tokens=128)
    return flags


@exits_cleanly
def main(argv: list[str] | None = None) -> int:
    """Run the command on the first built-in sample of gsm8k, at fixed length."""
    arguments = parser().parse_args(argv)
    settings = settings_from(arguments, SourceSpec("builtin"))

    from c2c_timing.cards.dataset_card import load_dataset_card
    from c2c_timing.data.prompts import build_prompt
    from c2c_timing.data.sources import read_rows
    from c2c_timing.meters.wall_times import WallTimes
    from c2c_timing.probes.self_test.overhead import (
        describe,
        describe_clock,
        measure_clock,
        measure_overhead,
    )
    from c2c_timing.session import Session

    card = load_dataset_card("gsm8k")
    row = next(iter(read_rows(card, "all", settings.source)))
    session = Session(settings, WallTimes())
    prompt = build_prompt(card, "all", row.values)
    request = session.prepare_for(settings.methods, prompt, card, "all").request.at_length("fixed")
    clock = measure_clock(session.pair.device.type)
    found = {
        "pair": settings.pair.name,
        "model_config": session.model_config,
        "clock": clock,
        "overhead": [
            measure_overhead(
                session, request, method, clock, arguments.rounds, settings.seed, arguments.seconds
            )
            for method in settings.methods
        ],
    }
    config = session.model_config
    print(f"{found['pair']} ({config['weights']} weights, {config['dtype']}) on {config['device']}")
    print(describe_clock(found["clock"]))
    for overhead in found["overhead"]:
        print("\n".join(describe(overhead)))
    if arguments.output:
        arguments.output.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
