"""What columns say that several tables have: those of records, and how an estimate is written."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import yaml

from ..places import SCHEMAS
from ..stages import PER_TOKEN, Stage
from ..statistics import CONFIDENCE
from .columns import SETTING, SETUP, STEPS
from .tsv_columns import plain

INTERVAL = f"{CONFIDENCE * 100:.0f} % interval over samples"


@dataclass(frozen=True)
class Column:
    """What a number or a word of a column says, and in which unit; texts have none."""

    meaning: str
    unit: str = ""


TIMING: dict[str, Column] = {
    "total_time_ms": Column("sum of all stages; tokenizing is not in it", "ms"),
    "wall_time_ms": Column("a clock of its own, from before the first stage until the last token is "
                           "on the host", "ms"),
    "ttft_ms": Column("first stage begun to first token on the host; prefill and projection included",
                      "ms"),
    "tpot_ms": Column("mean of decode steps 2 … T; the first step is left out", "ms"),
    "tokens_per_second": Column("T / decode_total_ms: decoding alone", "tokens/s"),
    "decode_avg_ms": Column("mean of all T decode steps; the first step included", "ms"),
    "num_generated_tokens": Column("T: tokens of the answer, one a decode step", "tokens"),
    "num_teacher_tokens": Column("tokens of the teacher's message (text-to-text)", "tokens"),
    "projector_calls": Column("projections: layers × teachers", "count"),
    "projector_avg_ms": Column("projector_total_ms / projector_calls", "ms"),
    "residual_ms": Column("wall_time_ms − total_time_ms: time in no stage", "ms"),
    "tokenize_ms": Column("prompt text to ids, before the first stage", "ms"),
    **{stage.key: Column(f"{stage.meaning}; {stage.note}", "ms") for stage in Stage},
}  # fmt: skip
_UNITS = {"_ms": "ms", "_bytes": "bytes", "_tokens": "tokens", "_length": "tokens",
          "_run": "count"}  # fmt: skip


def _described(properties: Mapping[str, Mapping]) -> dict[str, Column]:
    """Columns as the schema describes them."""
    return {
        name: Column(
            " ".join(spec["description"].split()),
            next((unit for end, unit in _UNITS.items() if name.endswith(end)), ""),
        )
        for name, spec in properties.items()
        if "description" in spec
    }


@functools.cache
def record_columns() -> tuple[dict[str, Column], dict[str, Column]]:
    """Columns of a record but for its setting, and those of its ``model_config``."""
    text = (SCHEMAS / "record.schema.yaml").read_text(encoding="utf-8")
    properties = yaml.safe_load(text)["properties"]
    timing = _described(properties["timing"]["properties"])
    steps = {
        stage.steps_key: Column(f"every step of {stage.label}, in order", "ms")
        for stage in PER_TOKEN
        if stage.steps_key in STEPS
    }
    own = _described(properties) | TIMING | timing | steps
    return own, _described(properties["model_config"]["properties"])


def common(names: Iterable[str]) -> dict[str, Column]:
    """Columns that say of which records a row is."""
    own, config = record_columns()
    known = own | config | {SETUP: SETUP_COLUMN}
    return {name: known[name] for name in map(plain, names)}


SETUP_COLUMN = Column(
    "what else differs between the records of one pair (models, commits, CPU, threads); empty where "
    "nothing does"
)
CONDITIONS = ("pair", "runtime", *SETTING, "length_view", SETUP)
DATASET = {"dataset": Column("data set; empty: all of them together")}
SAMPLES = Column("samples that the numbers are over", "count")
RECORDS = Column("records that the numbers are over", "count")


def with_ends(name: str, meaning: str, unit: str = "") -> dict[str, Column]:
    """An estimate and the ends of its interval."""
    return {
        name: Column(meaning, unit),
        f"{name}_low": Column(f"low end of its {INTERVAL}", unit),
        f"{name}_high": Column(f"high end of its {INTERVAL}", unit),
    }
