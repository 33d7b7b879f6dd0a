"""Time C2C requests on the built-in prompts: some of every data set, in one file."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from c2c_timing.cards.dataset_card import available_datasets, load_dataset_card
from c2c_timing.cli import (
    Formatter,
    add_decoding_arguments,
    add_pair_arguments,
    positive,
    settings_from,
)
from c2c_timing.data.sources import SourceSpec
from c2c_timing.exits import exits_cleanly
from c2c_timing.places import user_path
from c2c_timing.progress import say

EXAMPLES = """example:
  python workflow/scripts/batch_timing_benchmark.py --num_samples 2 --max_new_tokens 32
"""


def parser() -> argparse.ArgumentParser:
    """The command's flags."""
    flags = argparse.ArgumentParser(description=__doc__, epilog=EXAMPLES, formatter_class=Formatter)
    flags.add_argument("--output", type=user_path, default=Path("batch_timing_results.jsonl"))
    flags.add_argument("--num_samples", type=positive, default=2, help="of each data set")
    add_pair_arguments(flags)
    add_decoding_arguments(flags)
    flags.set_defaults(max_new_tokens=32, selection="first", max_prompt_tokens=None)
    return flags


@exits_cleanly
def main(argv: list[str] | None = None) -> int:
    """Run the command: the first subject of every data set."""
    arguments = parser().parse_args(argv)
    source = SourceSpec("builtin")
    settings = settings_from(arguments, source)

    from c2c_timing.data.selection import select_rows
    from c2c_timing.data.sources import read_rows
    from c2c_timing.keeper import open_session
    from c2c_timing.meters.wall_times import WallTimes
    from c2c_timing.shard.run import time_batches

    walls = WallTimes()
    session = open_session(settings, walls)
    batches = []
    for name in available_datasets():
        card = load_dataset_card(name)
        subject = next(iter(card.subjects))
        rows = select_rows(read_rows(card, subject, source), settings.num_samples)
        batches.append((card, subject, rows))
    counts = time_batches(batches, session, walls, arguments.output)
    say(f"{counts['records']} records, {counts['errors']} errors in {arguments.output}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
