"""``--list``: what may be written behind a command's flags, each with a line about it.

A command asks ``list_if_asked`` ahead of its own flags: a list needs none of those that are otherwise
required, and nothing that times is imported for it.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from collections.abc import Callable, Iterator, Sequence

from .method_table import METHODS
from .runtime_table import RUNTIMES
from .text_tables import aligned

# Header first; of data sets only those that are named.
Rows = Iterator[tuple[str, ...]]


def _datasets(only: Sequence[str]) -> Rows:
    from .cards.dataset_card import load_dataset_card

    yield "data set", "subjects", "title"
    for name in only:
        card = load_dataset_card(name)
        yield name, str(len(card.subjects)), card.content["title"]


def _subjects(only: Sequence[str]) -> Rows:
    from .cards.dataset_card import load_dataset_card

    yield "data set", "subject", "in groups"
    for name in only:
        card = load_dataset_card(name)
        for subject, settings in card.subjects.items():
            yield name, subject, ", ".join(settings.get("groups", ()))


def _pairs(only: Sequence[str]) -> Rows:
    from .cards.card_files import read_card
    from .cards.pair_card import SCHEMA, available_pairs
    from .places import PAIRS

    yield "pair", "weights", "title"
    for name in available_pairs():
        card = read_card(PAIRS / f"{name}.yaml", SCHEMA)
        yield name, card["weights"], card["title"]


def _methods(only: Sequence[str]) -> Rows:
    yield "method", "models", "title"
    for row in METHODS.values():
        yield row.name, " + ".join(row.models), row.title


def _runtimes(only: Sequence[str]) -> Rows:
    yield "runtime", "devices", "title"
    for row in RUNTIMES.values():
        yield row.name, ", ".join(row.devices), row.title


LISTS: dict[str, Callable[[Sequence[str]], Rows]] = {
    "datasets": _datasets,
    "subjects": _subjects,
    "pairs": _pairs,
    "methods": _methods,
    "runtimes": _runtimes,
}


def add_list_argument(flags: argparse._ActionsContainer) -> None:
    """``--list``, which ``list_if_asked`` reads ahead of all other flags."""
    flags.add_argument(
        "--list",
        choices=list(LISTS),
        help="print what there is, each with a line about it, and time nothing; --dataset leaves other "
        "data sets out (default: times)",
    )


def list_if_asked(words: Sequence[str]) -> bool:
    """Print the list that ``--list`` names; False where there is none to print.

    Raises:
        UserError: ``--dataset`` names no card.
    """
    # As short as argparse takes it.
    if not any(word.startswith("--li") for word in words):
        return False
    told = argparse.ArgumentParser(add_help=False, exit_on_error=False)
    add_list_argument(told)
    told.add_argument("--dataset")
    known = argparse.Namespace(list=None)
    # What is wrong with it the command's own flags will say.
    with contextlib.suppress(argparse.ArgumentError):
        known = told.parse_known_args(list(words))[0]
    if known.list is None or not {"-h", "--help"}.isdisjoint(words):
        return False

    from .cards.dataset_card import available_datasets, load_dataset_card

    only = [load_dataset_card(known.dataset).name] if known.dataset else available_datasets()
    rows = list(LISTS[known.list](only))
    try:
        print("\n".join(aligned(rows, right=["subjects"])), flush=True)
    except BrokenPipeError:  # ``| head`` has read enough: nor is what is left written at the end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return True
