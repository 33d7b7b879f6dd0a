"""From which length of message on a cache is cheaper than text.

Text-to-text pays for every token of the teacher's message: the teacher writes it, the base reads it.
C2C pays for prefill of the teacher and for the projection, however much there would be to say. Both
times are put together from the lines of ``stage_costs`` at the same question and answer length; they
cross at the break-even length.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..method_table import METHODS
from ..stages import Stage
from ..statistics import interval
from .columns import CONDITIONS, SAMPLE, setup_last
from .stage_costs import Line, fit_stages

# The two methods that are weighed against each other.
CACHE, TEXT = "c2c", "t2t"
_AS_FITTED = [
    *CONDITIONS,
    "dataset",
    "num_samples",
    "prompt_tokens",
    "background_tokens",
    "chat_tokens",
    "answer_tokens",
    "message_tokens_seen",
    "c2c_ms",
    "t2t_without_message_ms",
    "t2t_ms_per_message_token",
    "breakeven_message_tokens",
    "breakeven_message_tokens_low",
    "breakeven_message_tokens_high",
    "finding",
]
COLUMNS = setup_last(_AS_FITTED)


@dataclass(frozen=True)
class Setting:
    """The question at which the methods are compared, in tokens: medians of the records.

    Attributes:
        prompt: C2C's prompt in the base's tokens; teacher_prompt: in the teacher's.
        background: text-to-text's request to the teacher.
        chat: text-to-text's chat of the base without the message.
        answer: C2C's answer.
        message: the message that was seen.
        growth: tokens of the base for one token of the message.
    """

    prompt: float
    teacher_prompt: float
    background: float
    chat: float
    answer: float
    message: float
    growth: float


@dataclass(frozen=True)
class BreakEven:
    """Both methods' times at a setting; arrays hold the estimate first, then its replicates.

    Attributes:
        c2c_ms: time of a C2C request.
        t2t_ms: time of text-to-text without a message.
        t2t_ms_per_token: what each token of the message adds.
    """

    setting: Setting
    num_samples: int
    c2c_ms: np.ndarray
    t2t_ms: np.ndarray
    t2t_ms_per_token: np.ndarray

    @property
    def tokens(self) -> tuple[float, float, float]:
        """Break-even length with its interval; below 0 C2C is cheaper than even an empty message.

        NaN where nobody can tell whether a longer message costs more at all.
        """
        slope_low = interval(self.t2t_ms_per_token[1:], self.num_samples)[0]
        if min(self.t2t_ms_per_token[0], np.nan_to_num(slope_low, nan=np.inf)) <= 0:
            return np.nan, np.nan, np.nan
        crossings = (self.c2c_ms - self.t2t_ms) / self.t2t_ms_per_token
        return crossings[0], *interval(crossings[1:], self.num_samples)

    @property
    def finding(self) -> str:
        """The break-even in words."""
        crossing, low, high = self.tokens
        if np.isnan(crossing):
            return "no break-even can be told"
        if np.nanmax([crossing, high]) <= 0:
            return "C2C costs less at any length of message"
        tokens = f"{max(crossing, 0):.0f}"
        unit = "token" if tokens == "1" else "tokens"
        spread = "" if np.isnan(low) else f" ({max(low, 0):.0f} to {high:.0f})"
        return f"C2C costs less once the message is longer than {tokens} {unit}{spread}"


def break_even(records: pd.DataFrame, seed: int = 0) -> dict[str, BreakEven]:
    """Break-even of one pair under one condition: by data set, and overall under the name ``""``.

    Each is fitted to its own records, at its own median lengths. Empty where the records lack C2C or
    text-to-text.
    """
    parts = {"": records, **dict(list(records.groupby("dataset")))}
    found = {name: break_even_of(part, seed) for name, part in parts.items()}
    return {name: point for name, point in found.items() if point}


def break_even_of(records: pd.DataFrame, seed: int = 0) -> BreakEven | None:
    """``break_even`` of all records together; None where they lack C2C or text-to-text."""
    both = with_both(records)
    lines = fit_stages(both, seed) if len(both) else {}
    if not all((m, stage) in lines for m in (CACHE, TEXT) for stage in METHODS[m].stages):
        return None
    return _at(_setting(both), lines, len(both[SAMPLE].drop_duplicates()))


def break_even_table(timings: pd.DataFrame, seed: int = 0) -> pd.DataFrame:
    """``break_even`` of every pair and condition as a table, with 95 % intervals by sample."""
    rows = []
    for conditions, records in timings.groupby(CONDITIONS, sort=True):
        for dataset, found in break_even(records, seed).items():
            setting = found.setting
            tokens = (setting.prompt, setting.background, setting.chat, setting.answer)
            times = (found.c2c_ms[0], found.t2t_ms[0], found.t2t_ms_per_token[0])
            rows.append(
                (*conditions, dataset, found.num_samples, *tokens, setting.message, *times,
                 *found.tokens, found.finding)
            )  # fmt: skip
    return pd.DataFrame(rows, columns=_AS_FITTED)[COLUMNS]


def with_both(records: pd.DataFrame) -> pd.DataFrame:
    """The records of C2C and text-to-text, of samples that have both under a condition."""
    records = records[records["method"].isin((CACHE, TEXT))]
    methods = records.groupby([*CONDITIONS, *SAMPLE])["method"].transform("nunique")
    return records[methods == 2]


def _setting(records: pd.DataFrame) -> Setting:
    c2c, t2t = (records[records["method"] == method] for method in (CACHE, TEXT))
    return Setting(
        prompt=c2c["prompt_length"].median(),
        teacher_prompt=c2c["teacher_prompt_length"].fillna(c2c["prompt_length"]).median(),
        background=t2t["teacher_prompt_length"].median(),
        chat=(t2t["prompt_length"] - t2t["message_length"]).median(),
        answer=c2c["num_generated_tokens"].median(),
        message=t2t["num_teacher_tokens"].median(),
        growth=t2t["message_length"].sum() / t2t["num_teacher_tokens"].sum(),
    )


def _at(setting: Setting, lines: dict[tuple[str, Stage], Line], num_samples: int) -> BreakEven:
    cache = {
        "base_tokens": setting.prompt - 1,
        "teacher_tokens": setting.teacher_prompt - 1,
        "num_generated_tokens": setting.answer,
    }
    text = {
        "base_tokens": setting.chat - 1,
        "teacher_tokens": setting.background - 1,
        "num_teacher_tokens": 0,
        "num_generated_tokens": setting.answer,
    }
    # What each token of the message adds to each of them.
    growth = {"num_teacher_tokens": 1.0, "base_tokens": setting.growth}
    slopes = [
        lines[TEXT, stage].slopes * growth[stage.tokens]
        for stage in METHODS[TEXT].stages
        if stage.tokens in growth
    ]
    return BreakEven(
        setting,
        num_samples,
        c2c_ms=_time_at(cache, CACHE, lines),
        t2t_ms=_time_at(text, TEXT, lines),
        t2t_ms_per_token=np.sum(slopes, axis=0),
    )


def _time_at(
    tokens: dict[str, float], method: str, lines: dict[tuple[str, Stage], Line]
) -> np.ndarray:
    """Time of a method's request: the estimate first, then its replicates."""
    stages = METHODS[method].stages
    return np.sum([lines[method, stage].at(tokens[stage.tokens]) for stage in stages], axis=0)
