"""Time C2C requests on any data set, or on a file of prompts, into one JSONL file."""

from __future__ import annotations

import argparse
import itertools
import sys
from collections.abc import Iterator
from pathlib import Path

from c2c_timing.cards.dataset_card import DatasetCard, has_card, load_dataset_card, prompt_file_card
from c2c_timing.cards.guessed_card import described
from c2c_timing.cards.subject_names import EVERY_SUBJECT, ONLY_SUBJECT
from c2c_timing.cli import (
    add_decoding_arguments,
    add_pair_arguments,
    add_precision_arguments,
    add_source_arguments,
    settings_from,
)
from c2c_timing.data.sources import SourceSpec
from c2c_timing.errors import UserError
from c2c_timing.exits import exits_cleanly
from c2c_timing.flags import Formatter
from c2c_timing.listing import add_list_argument, list_if_asked
from c2c_timing.places import user_path, with_home
from c2c_timing.progress import say
from c2c_timing.shard.processes import is_one_of_several, time_one_file

EXAMPLES = """examples:
  python workflow/scripts/dataset_timing_benchmark.py --dataset cais/mmlu --split test \\
      --num_samples 500 --output mmlu.jsonl
  python workflow/scripts/dataset_timing_benchmark.py --dataset someone/riddles --output r.jsonl \\
      --prompt_column riddle --choices_column options
  python workflow/scripts/dataset_timing_benchmark.py --dataset_file my_prompts.jsonl --output f.jsonl
      (lines such as {"prompt": "..."} or {"question": "..."})
"""


def parser() -> argparse.ArgumentParser:
    """The command's flags."""
    flags = argparse.ArgumentParser(description=__doc__, epilog=EXAMPLES, formatter_class=Formatter)
    add_list_argument(flags)
    what = flags.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "--dataset", help="name of a card, or any data set's Hub id; this or --dataset_file"
    )
    what.add_argument(
        "--dataset_file",
        type=with_home,
        help="JSONL with a prompt or a question in each line; this or --dataset",
    )
    flags.add_argument(
        "--subject",
        action="append",
        help="a subject or a group; may be repeated (default: every subject)",
    )
    flags.add_argument("--split", help="of sources hub and local (default: the card's)")
    columns = flags.add_argument_group("data sets without a card")
    columns.add_argument("--config", help="configuration on the Hub (default: guessed)")
    columns.add_argument(
        "--prompt_column", help="text, or a chat: its first user turn (default: guessed)"
    )
    columns.add_argument(
        "--choices_column", help="options of a multiple-choice question (default: guessed)"
    )
    flags.add_argument("--output", type=user_path, required=True, help="JSONL of records")
    add_source_arguments(flags, source="hub")
    add_pair_arguments(flags)
    add_decoding_arguments(flags)
    add_precision_arguments(flags)
    return flags


def shards_of(arguments: argparse.Namespace) -> tuple[DatasetCard, list[str], SourceSpec]:
    """The card, its subjects and its source, as the flags say."""
    if arguments.dataset and "/" in arguments.dataset and not has_card(arguments.dataset):
        return uncarded_shard(arguments)
    for flag in ("config", "prompt_column", "choices_column"):
        if getattr(arguments, flag) is not None:
            named = arguments.dataset or arguments.dataset_file
            raise UserError(
                f"--{flag} is for data sets on the Hub without a card; {named} needs none"
            )
    if arguments.dataset_file:
        card = prompt_file_card(Path(arguments.dataset_file))
        return card, [ONLY_SUBJECT], SourceSpec("local", data_path=arguments.dataset_file)
    card = load_dataset_card(arguments.dataset)
    source = SourceSpec(arguments.source, arguments.data_path, arguments.revision, arguments.split)
    return card, card.expand_subjects(arguments.subject or EVERY_SUBJECT), source


def uncarded_shard(
    arguments: argparse.Namespace,
) -> tuple[DatasetCard, list[str], SourceSpec]:
    """The same of a data set without a card; says what was guessed."""
    from c2c_timing.data.sources.uncarded import uncarded

    source = SourceSpec(arguments.source, arguments.data_path, arguments.revision, arguments.split)
    card = uncarded(
        arguments.dataset,
        source,
        arguments.config,
        arguments.prompt_column,
        arguments.choices_column,
    )
    say(described(card))
    return card, card.expand_subjects(arguments.subject or EVERY_SUBJECT), source


@exits_cleanly
def main(argv: list[str] | None = None) -> int:
    """Run the command: subjects one after the other until there are enough samples."""
    words = sys.argv[1:] if argv is None else argv
    if list_if_asked(words):
        return 0
    arguments = parser().parse_args(words)
    is_one = is_one_of_several(arguments.process)
    card, subjects, source = shards_of(arguments)
    settings = settings_from(arguments, source)
    if settings.processes > 1 and not is_one:
        return time_one_file(__file__, words, arguments.output, settings.processes)

    from c2c_timing.data.selection import select_rows
    from c2c_timing.data.sources import Row, read_rows
    from c2c_timing.data.sources.local import check_subjects
    from c2c_timing.keeper import open_session
    from c2c_timing.meters.wall_times import WallTimes
    from c2c_timing.scarcity import NO_MORE, fewer
    from c2c_timing.shard.medians import say_outcome
    from c2c_timing.shard.run import time_batches

    check_subjects(card, subjects, source)

    def rows() -> Iterator[tuple[str, Row]]:
        for subject in subjects:
            yield from ((subject, row) for row in read_rows(card, subject, source))

    chosen = select_rows(rows(), settings.num_samples, settings.selection, settings.seed)
    if not chosen:
        raise UserError(f"{card.name}: the source has no rows")
    if settings.num_samples and len(chosen) < settings.num_samples:
        say(f"{card.name}: {fewer(settings.num_samples, len(chosen))}: {NO_MORE}")
    walls = WallTimes()
    session = open_session(settings, walls)
    by_subject = itertools.groupby(chosen, key=lambda pair: pair[0])
    batches = [(card, subject, [row for _, row in pairs]) for subject, pairs in by_subject]
    run = time_batches(batches, session, walls, arguments.output, arguments.process)
    if not arguments.process:  # who started this one says it of all
        say_outcome(run, arguments.output)
    return 0


if __name__ == "__main__":
    sys.exit(main())
