"""Time C2C requests on the built-in prompts: some of every data set, in one file."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from c2c_timing.cards.dataset_card import available_datasets, load_dataset_card
from c2c_timing.cli import (
    add_decoding_arguments,
    add_pair_arguments,
    add_precision_arguments,
    positive,
    settings_from,
)
from c2c_timing.data.sources import SourceSpec
from c2c_timing.exits import exits_cleanly
from c2c_timing.flags import Formatter
from c2c_timing.listing import add_list_argument, list_if_asked
from c2c_timing.places import user_path
from c2c_timing.progress import say
from c2c_timing.scarcity import NO_MORE, fewer
from c2c_timing.shard.processes import is_one_of_several, time_one_file
from c2c_timing.shard_names import BY_HAND_FILES

EXAMPLES = """example:
  python workflow/scripts/batch_timing_benchmark.py --num_samples 2 --max_new_tokens 32
"""


def parser() -> argparse.ArgumentParser:
    """The command's flags."""
    flags = argparse.ArgumentParser(description=__doc__, epilog=EXAMPLES, formatter_class=Formatter)
    add_list_argument(flags)
    flags.add_argument(
        "--output",
        type=user_path,
        default=Path(BY_HAND_FILES, "batch_timing_results.jsonl"),
        help="JSONL of records",
    )
    flags.add_argument("--num_samples", type=positive, default=2, help="of each data set")
    add_pair_arguments(flags)
    add_decoding_arguments(flags)
    add_precision_arguments(flags)
    flags.set_defaults(max_new_tokens=32, selection="first", max_prompt_tokens=None)
    return flags


@exits_cleanly
def main(argv: list[str] | None = None) -> int:
    """Run the command: the first subject of every data set."""
    words = sys.argv[1:] if argv is None else argv
    if list_if_asked(words):
        return 0
    arguments = parser().parse_args(words)
    source = SourceSpec("builtin")
    is_one = is_one_of_several(arguments.process)
    settings = settings_from(arguments, source)
    if settings.processes > 1 and not is_one:
        return time_one_file(__file__, words, arguments.output, settings.processes)

    from c2c_timing.data.selection import select_rows
    from c2c_timing.data.sources import read_rows
    from c2c_timing.keeper import open_session
    from c2c_timing.meters.wall_times import WallTimes
    from c2c_timing.shard.medians import say_outcome
    from c2c_timing.shard.run import time_batches

    walls = WallTimes()
    session = open_session(settings, walls)
    batches = []
    for name in available_datasets():
        card = load_dataset_card(name)
        subject = next(iter(card.subjects))
        rows = select_rows(read_rows(card, subject, source), settings.num_samples)
        batches.append((card, subject, rows))
    wanted = arguments.num_samples
    short = {card.name: len(rows) for card, _, rows in batches if len(rows) < wanted}
    if short and arguments.process in (None, 1):
        found = ", ".join(f"{number} of {name}" for name, number in short.items())
        say(f"{fewer(wanted, found, ' of each data set')}: {NO_MORE}")
    run = time_batches(batches, session, walls, arguments.output, arguments.process)
    if not arguments.process:  # who started this one says it of all
        say_outcome(run, arguments.output)
    return 0


if __name__ == "__main__":
    sys.exit(main())
