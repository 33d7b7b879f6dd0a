"""Time C2C requests, stage by stage, on one data set: one shard a subject."""

from __future__ import annotations

import argparse
import sys

from c2c_timing.exits import exits_cleanly
from c2c_timing.listing import list_if_asked
from c2c_timing.worker.client import ask_if_told

EXAMPLES = """examples:
  python workflow/scripts/comprehensive_timing_benchmark.py --list datasets
  python workflow/scripts/comprehensive_timing_benchmark.py --dataset gsm8k --num_samples 100
  python workflow/scripts/comprehensive_timing_benchmark.py --dataset mmlu-redux --subject physics --num_samples 50
  python workflow/scripts/comprehensive_timing_benchmark.py --dataset mmlu-redux --all_subjects --num_samples 20
  python workflow/scripts/comprehensive_timing_benchmark.py --dataset gsm8k --source hub \\
      --pair qwen3-0.6b_qwen2.5-0.5b --device cuda --dtype bfloat16
  python workflow/scripts/comprehensive_timing_benchmark.py --dataset gsm8k --source synthetic \\
      --prompt_tokens 64 512 2048 --num_samples 30
"""  # noqa: E501


def parser() -> argparse.ArgumentParser:
    """The command's flags."""
    from c2c_timing.shard import command

    return command.parser(__doc__, EXAMPLES)


@exits_cleanly
def main(argv: list[str] | None = None) -> int:
    """Run the command; a shard that fails leaves the others alone."""
    words = sys.argv[1:] if argv is None else argv
    if list_if_asked(words):
        return 0
    # Before anything is imported: who has a worker waits for its requests alone.
    code = ask_if_told(words)
    if code is not None:
        return code

    from c2c_timing.shard import command
    from c2c_timing.shard.processes import is_one_of_several

    arguments = parser().parse_args(words)
    is_one = is_one_of_several(arguments.process)
    plan = command.plan(arguments)
    if plan.settings.processes > 1 and not is_one:
        return command.time_in_fresh_processes(plan, __file__, words)

    from c2c_timing.keeper import load_alone
    from c2c_timing.meters.wall_times import WallTimes

    walls = WallTimes()
    return command.time_shards(plan, load_alone(plan.settings, walls), walls)


if __name__ == "__main__":
    sys.exit(main())
