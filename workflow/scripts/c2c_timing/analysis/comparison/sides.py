"""One of the two runs that are compared: its records, and what its shards wrote down of themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from ...errors import UserError
from ...shard_names import run_file
from ...stages import STAGE_KEYS
from ..columns import COMPARED
from ..merge import merge, read_timings
from ..runs import read_run
from ..setups import PARTS

TIMINGS = "timings.parquet"
SHARDS = "*_timing.jsonl"
CONFIG = [f"model_config.{name}" for name in PARTS]
# Which process made a request, and how often its data were looked at before they were enough: 1 of a run
# that does not tell.
PROCESS, LOOKS = "process", "possible_looks"
WANTED = [
    *(*COMPARED, *STAGE_KEYS, *CONFIG, PROCESS, LOOKS),
    *("num_generated_tokens", "started_at", "prompt"),
]
# Stands for a prompt: texts of very many records would fill the memory.
DIGEST = "prompt_digest"


@dataclass(frozen=True)
class Side:
    """A run.

    Attributes:
        name: ``OLD`` or ``NEW``.
        timings: merged records, with ``DIGEST`` in place of prompts.
        runs: what shards wrote down; empty where only the table is there.
    """

    name: str
    path: Path
    timings: pd.DataFrame
    runs: Sequence[Mapping[str, Any]]


def read_side(name: str, path: Path) -> Side:
    """A results folder, or a merged table; shards' files lie in ``timings`` beside the table.

    Raises:
        UserError: there are no records.
    """
    if not path.exists():
        raise UserError(f"{path}: is not there; name a results folder or a merged table")
    folder = path if path.is_dir() else path.parent
    shards = sorted([*folder.glob(f"timings/*/{SHARDS}"), *folder.glob(f"*/{SHARDS}")])
    table = folder / TIMINGS if path.is_dir() else path
    if table.is_file() or not path.is_dir():
        timings = read_timings(table, WANTED)
    elif shards:
        timings = merge(shards)[0]
    else:
        raise UserError(
            f"{path}: holds no {TIMINGS} and no {SHARDS}; name a results folder or a merged table"
        )
    runs = [run for shard in shards if (run := read_run(run_file(shard)))]
    known = {each: timings.get(each, 1) for each in (PROCESS, LOOKS)}
    return Side(name, path, _with_digests(timings).assign(**known), runs)


def _with_digests(timings: pd.DataFrame) -> pd.DataFrame:
    if "prompt" not in timings:  # ids alone must do
        return timings.assign(**{DIGEST: 0})
    prompts = timings["prompt"].astype(object).fillna("").to_numpy()
    digests = pd.util.hash_array(prompts, categorize=True)
    return timings.drop(columns="prompt").assign(**{DIGEST: digests})
