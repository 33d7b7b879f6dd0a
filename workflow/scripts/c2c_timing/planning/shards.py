"""From a config to shards: pairs, data sets and subjects, and what each is called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..cards.dataset_card import available_datasets, load_dataset_card
from ..cards.pair_card import available_pairs, load_pair_card
from ..cards.subject_names import EVERY_SUBJECT
from ..errors import UserError
from ..shard_names import (
    BENCHMARKS,
    LOGS,
    TIMINGS,
    errors_file,
    run_file,
    timing_file,
)
from .messages import unknown


@dataclass(frozen=True)
class PlannedShard:
    """One job: a pair on one subject of a data set. All paths are relative to the working directory.

    Of the wildcards ``{pair}``, ``{dataset}`` and ``{subject}`` it gives the rule's patterns.
    """

    pair: str
    dataset: str
    subject: str

    @property
    def name(self) -> str:
        """As people read it."""
        return f"{self.pair}/{self.dataset}/{self.subject}"

    @property
    def timing_file(self) -> str:
        """Its records."""
        return str(timing_file(Path(TIMINGS), self.pair, self.dataset, self.subject))

    @property
    def errors_file(self) -> str:
        """Its samples that failed."""
        return str(errors_file(Path(self.timing_file)))

    @property
    def run_file(self) -> str:
        """What its run wrote down."""
        return str(run_file(Path(self.timing_file)))

    @property
    def log(self) -> str:
        """What its command said."""
        return f"{LOGS}/{self.pair}/{self.dataset}_{self.subject}.log"

    @property
    def benchmark(self) -> str:
        """What Snakemake measured of its job as a whole."""
        return f"{BENCHMARKS}/{self.pair}/{self.dataset}_{self.subject}.jsonl"


def plan_shards(config: Mapping[str, Any]) -> list[PlannedShard]:
    """All shards of a config: pairs, data sets and subjects in the order they are named.

    Raises:
        UserError: an unknown pair, data set or subject.
    """
    shards: list[PlannedShard] = []
    for pair in config["pairs"]:
        load_pair_card(pair)
        for dataset in config["datasets"]:
            if dataset not in available_datasets():
                raise UserError(unknown("data set in datasets", dataset, available_datasets()))
            subjects = config["subjects"].get(dataset, EVERY_SUBJECT)
            names = load_dataset_card(dataset).expand_subjects(subjects)
            shards.extend(PlannedShard(pair, dataset, subject) for subject in names)
    return shards


def wanted_shards(shards: Sequence[PlannedShard], config: Mapping[str, Any]) -> list[PlannedShard]:
    """Shards that tables and figures wait for: all, or with ``allow_missing`` those that are there."""
    if not config["allow_missing"]:
        return list(shards)
    return [shard for shard in shards if Path(shard.timing_file).exists()]


def files_beside(files: Sequence[str], config: Mapping[str, Any]) -> list[str]:
    """Files that shards leave beside their records: with ``allow_missing`` those that are there."""
    return [file for file in files if not config["allow_missing"] or Path(file).exists()]


def vocabulary() -> dict[str, list[str]]:
    """What each wildcard may be: every card's name, and every subject of every data set."""
    cards = [load_dataset_card(name) for name in available_datasets()]
    return {
        "pair": available_pairs(),
        "dataset": available_datasets(),
        "subject": sorted({subject for card in cards for subject in card.subjects}),
    }


def manifest(shards: Sequence[PlannedShard]) -> str:
    """The shards as a table with tabs: pair, data set, subject."""
    rows = [("pair", "dataset", "subject"), *((s.pair, s.dataset, s.subject) for s in shards)]
    return "\n".join("\t".join(row) for row in rows)
