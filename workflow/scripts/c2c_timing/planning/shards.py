"""From a config to shards: pairs, data sets and subjects, and what each is called."""

from __future__ import annotations

import dataclasses
import hashlib
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..cards.dataset_card import available_datasets, load_dataset_card
from ..cards.pair_card import available_pairs, load_pair_card
from ..cards.subject_names import EVERY_SUBJECT
from ..errors import UserError
from ..results_folder import USUAL, ResultsFolder
from ..shard_names import (
    CHUNK_END,
    TIMING_END,
    TIMINGS,
    Chunk,
    chunk_name,
    errors_file,
    run_file,
    split_chunk_name,
    timing_file,
)
from ..whole_files import write_text_whole
from .messages import unknown

# Names in a folder of results, with places to fill in: of ten thousand shards no path is taken apart.
_ANY = timing_file(Path(TIMINGS), "{pair}", "{dataset}", "{subject}")
_TIMING, _ERRORS, _RUN = map(str, (_ANY, errors_file(_ANY), run_file(_ANY)))
_LOG = "logs/time_shard/{pair}/{dataset}_{subject}.log"
_BENCHMARK = "benchmarks/time_shard/{pair}/{dataset}_{subject}.jsonl"


@dataclass(frozen=True)
class PlannedShard:
    """One job: a pair on one subject of a data set. All paths begin like the folder of results.

    Of the wildcards ``{pair}``, ``{dataset}`` and ``{subject}`` it gives the rule's patterns; the last
    one holds the chunk, too.
    """

    pair: str
    dataset: str
    subject: str
    chunk: Chunk | None = None
    results: ResultsFolder = USUAL

    @property
    def name(self) -> str:
        """As people read it."""
        return self._fill("{pair}/{dataset}/{subject}")

    @property
    def timing_file(self) -> str:
        """Its records."""
        return self.results.file(self._fill(_TIMING))

    @property
    def errors_file(self) -> str:
        """Its samples that failed."""
        return self.results.file(self._fill(_ERRORS))

    @property
    def run_file(self) -> str:
        """What its run wrote down."""
        return self.results.file(self._fill(_RUN))

    @property
    def log(self) -> str:
        """What its command said."""
        return self.results.file(self._fill(_LOG))

    @property
    def benchmark(self) -> str:
        """What Snakemake measured of its job as a whole."""
        return self.results.file(self._fill(_BENCHMARK))

    def _fill(self, name: str) -> str:
        subject = chunk_name(self.subject, self.chunk)
        return name.format(pair=self.pair, dataset=self.dataset, subject=subject)


def plan_shards(config: Mapping[str, Any]) -> list[PlannedShard]:
    """All shards of a config: pairs, data sets and subjects in the order they are named.

    Raises:
        UserError: an unknown pair, data set or subject.
    """
    subjects = plan_subjects(config)
    chunks = plan_chunks(config)
    results = ResultsFolder(config["results_dir"])
    return [
        PlannedShard(pair, dataset, subject, chunk, results)
        for pair in config["pairs"]
        for dataset, names in subjects.items()
        for subject in names
        for chunk in chunks
    ]


def plan_subjects(config: Mapping[str, Any]) -> dict[str, list[str]]:
    """Subjects of each data set: the same for every pair.

    Raises:
        UserError: an unknown pair, data set or subject.
    """
    for pair in config["pairs"]:
        load_pair_card(pair)
    known = available_datasets()
    found = {}
    for dataset in config["datasets"]:
        if dataset not in known:
            raise UserError(unknown("data set in datasets", dataset, known))
        wanted = config["subjects"].get(dataset, EVERY_SUBJECT)
        found[dataset] = load_dataset_card(dataset).expand_subjects(wanted)
    return found


def plan_chunks(config: Mapping[str, Any]) -> list[Chunk | None]:
    """The chunks of every subject, as many as the wanted samples need; None alone for the whole of it.

    No row is read for that: a subject that has fewer rows has chunks without any.

    Raises:
        UserError: nobody says how many samples are wanted.
    """
    size = config["chunk_size"]
    if size is None:
        return [None]
    wanted = config["num_samples"] or len(config["prompt_tokens"] or ())
    if not wanted:
        raise UserError(
            "config: chunk_size: how many chunks there are follows from num_samples, which is null; "
            "set it to the number of rows (chunks beyond the last row are empty)"
        )
    number = math.ceil(wanted / size)
    return [Chunk(i, number) for i in range(1, number + 1)] if number > 1 else [None]


def other_chunks(shards: Sequence[PlannedShard]) -> list[str]:
    """Records of these subjects that are split otherwise than planned: nothing here reads them."""
    folders = {Path(shard.results.timings) / shard.pair for shard in shards}
    found = {
        f"{folder}/{path.name}"
        for folder in folders
        if folder.is_dir()
        for path in folder.iterdir()
        if path.name.endswith(TIMING_END)
    }
    found -= {shard.timing_file for shard in shards}
    if not found:
        return []
    whole = {dataclasses.replace(shard, chunk=None).timing_file for shard in shards}
    return sorted(file for file in found if _of_whole_subject(file) in whole)


def _of_whole_subject(file: str) -> str:
    return split_chunk_name(file.removesuffix(TIMING_END))[0] + TIMING_END


def other_chunks_line(shards: Sequence[PlannedShard]) -> str | None:
    """The same for people; None where there are none."""
    files = other_chunks(shards)
    if not files:
        return None
    number = "1 file" if len(files) == 1 else f"{len(files)} files"
    return (
        f"{number} of records in {shards[0].results.timings} are of these subjects in other chunks, such as "
        f"{Path(files[0]).name}: they are not merged; delete them where they are not needed"
    )


def wanted_shards(shards: Sequence[PlannedShard], config: Mapping[str, Any]) -> list[PlannedShard]:
    """Shards that tables and figures wait for: all, or with ``allow_missing`` those that are there."""
    if not config["allow_missing"]:
        return list(shards)
    return [shard for shard in shards if Path(shard.timing_file).exists()]


def files_beside(files: Sequence[str], config: Mapping[str, Any]) -> list[str]:
    """Files that shards leave beside their records: with ``allow_missing`` those that are there."""
    return [file for file in files if not config["allow_missing"] or Path(file).exists()]


def vocabulary() -> dict[str, list[str]]:
    """What each wildcard may be: every card's name."""
    return {
        "pair": available_pairs(),
        "dataset": available_datasets(),
    }


def subject_pattern() -> str:
    """What the wildcard of a subject may be: any subject, or a chunk of it."""
    cards = [load_dataset_card(name) for name in available_datasets()]
    subjects = sorted({subject for card in cards for subject in card.subjects})
    return f"(?:{'|'.join(map(re.escape, subjects))})(?:{CHUNK_END})?"


def write_manifest(shards: Sequence[PlannedShard], results: ResultsFolder) -> None:
    """The manifest where the rule that makes it one of the results finds it."""
    write_text_whole(results.planned_manifest, manifest(shards) + "\n")


def manifest_digest(shards: Sequence[PlannedShard]) -> str:
    """Other shards, another digest."""
    return hashlib.sha256(manifest(shards).encode()).hexdigest()[:16]


def manifest(shards: Sequence[PlannedShard]) -> str:
    """The shards as a table with tabs: pair, data set, subject; and chunk, where there are any."""
    rows: list[tuple[str, ...]] = [
        ("pair", "dataset", "subject"),
        *((s.pair, s.dataset, s.subject) for s in shards),
    ]
    if any(shard.chunk for shard in shards):
        chunks = ("chunk", *(str(shard.chunk or "") for shard in shards))
        rows = [(*row, chunk) for row, chunk in zip(rows, chunks, strict=True)]
    return "\n".join("\t".join(row) for row in rows)
