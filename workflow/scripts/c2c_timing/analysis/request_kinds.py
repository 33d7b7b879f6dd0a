"""Records that need the same work: counted once for all of them, however many there are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ..stages import PER_TOKEN, STAGE_KEYS
from .runs import MODELS

# All that work and floors depend on, beside which stages a record has.
FACTS = [
    *("pair", "runtime", "sections", "prompt_length", "teacher_prompt_length", "projector_calls"),
    *(stage.tokens for stage in PER_TOKEN),
    *(f"model_config.{name}" for name in (*MODELS, "device", "threads", "dtype")),
]


def request_kinds(records: pd.DataFrame) -> tuple[list[dict[str, Any]], np.ndarray]:
    """A flat record of each kind in the order of their first, and the place of every record's kind.

    A kind's record has only what the work depends on: of a stage's time, 1.0 where there is one.
    """
    facts = records[[name for name in FACTS if name in records]]
    times = records[[key for key in STAGE_KEYS if key in records]]
    facts = facts.assign(**times.where(times.isna(), 1.0))
    compared = (
        facts.assign(sections=facts["sections"].map(_frozen)) if "sections" in facts else facts
    )
    kind = compared.groupby([*compared], sort=False, dropna=False).ngroup().to_numpy()
    _, first = np.unique(kind, return_index=True)
    return facts.iloc[first].to_dict("records"), kind


def _frozen(value: Any) -> Any:
    """Lists and mappings as tuples, which can be compared and counted."""
    if isinstance(value, dict):
        return tuple(map(_frozen, value.values()))
    return tuple(map(_frozen, value)) if isinstance(value, list | np.ndarray) else value
