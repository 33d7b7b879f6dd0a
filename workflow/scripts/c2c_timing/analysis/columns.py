"""Names of the columns of merged records, made from the tables of stages and methods."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..method_table import METHODS
from ..stages import PER_TOKEN, Stage

if TYPE_CHECKING:
    import pandas as pd

IDENTITY = ["pair", "method", "runtime", "length_view", "dataset", "subject"]
SHARD = ["pair", "dataset", "subject"]
SAMPLE = ["dataset", "subject", "id"]
# Which of a sample's runs a request was in, and out of how many looks its intervals come.
RUN = ["process", "repeat", "possible_looks"]
# Names what else differs between the records of a pair (``analysis.setups``).
SETUP = "setup"
SETTING = ["model_config.device", "model_config.dtype", "model_config.weights"]
# What is compared or fitted together: one pair, executed in one way, on one device.
CONDITIONS = ["pair", "runtime", *SETTING, "length_view", SETUP]
# The same for what is compared across runtimes.
CONDITIONS_BUT_RUNTIME = [name for name in CONDITIONS if name != "runtime"]
ERROR_COLUMNS = [
    "pair",
    "dataset",
    "subject",
    "method",
    "id",
    "stage",
    "error_type",
    "message",
    "runtime",
]
# What a record's ``timing`` tells of a stage beside its time.
_BESIDE = {stage: [stage.tokens] for stage in PER_TOKEN} | {
    Stage.PROJECTOR: ["projector_avg_ms", "projector_calls"]
}
# How long the prompts of a fused request are made for alignment; what the lengths hold.
PADDING = ["base_padding_tokens", "teacher_padding_tokens"]
# What a request held, what of it was others', and what replayed work needs besides.
MEMORY = ["peak_memory_bytes", "other_runtimes_bytes", "scratch_bytes"]
# Of a summary: the part of all time that a stage has.
SHARES = {stage: f"{stage.value}_share" for stage in Stage}
# Times of all steps, where a stage has steps.
STEPS = [stage.steps_key for stage in Stage if stage.steps_key]
# The others follow in the order of a request.
_MOST_READ = (Stage.DECODE, Stage.BASE_PREFILL, Stage.TEACHER_PREFILL, Stage.PROJECTOR)
# The most read first.
TIMING_KEYS = [
    "total_time_ms",
    "wall_time_ms",
    "ttft_ms",
    "tpot_ms",
    "tokens_per_second",
    "decode_avg_ms",
    *(
        key
        for stage in dict.fromkeys((*_MOST_READ, *Stage))
        for key in (stage.key, *_BESIDE.get(stage, ()))
    ),
    "residual_ms",
    "tokenize_ms",
]
# What is needed of records to compare times: of very many records no more is read. What an older file's
# ``setup`` is made of comes with it.
COMPARED = [*dict.fromkeys([*CONDITIONS, "method", *SAMPLE, *RUN, "total_time_ms"])]
LENGTHS = ["prompt_length", "teacher_prompt_length", "message_length", "response_length"]
MEASURED = [
    *COMPARED, *LENGTHS, *TIMING_KEYS, "correct", "residual_flag", *MEMORY, "started_at",
]  # fmt: skip
MODELS_NAMED = ["model_config.base_model", "model_config.teacher_model"]


def own_peak(records: pd.DataFrame) -> pd.Series:
    """Bytes that each request's own runtime needs: the peak, without others, with its scratch memory."""
    peak, others, scratch = (records[name] for name in MEMORY)
    return peak - others.fillna(0) + scratch.fillna(0)


def setup_last(columns: Iterable[str]) -> list[str]:
    """Columns of a table of results, in which the setup comes last."""
    return [*(name for name in columns if name != SETUP), SETUP]


def method_title(method: str) -> str:
    """A method as figures, tables and the report call it; one that the table lacks keeps its name."""
    return METHODS[method].title if method in METHODS else method


def in_order(present: Iterable[str], table: Iterable[str]) -> list[str]:
    """Names in the order of a table, those that it lacks last."""
    known = list(table)
    return sorted(
        set(present), key=lambda name: (known.index(name) if name in known else len(known), name)
    )
