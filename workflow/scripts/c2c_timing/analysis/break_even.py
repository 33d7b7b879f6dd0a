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

from ..statistics import interval
from .record_lines import CONDITIONS, SAMPLE
from .stage_costs import Line, fit_stages

# What a request of each method consists of.
STAGES = {
    "c2c": ("base_embedding", "base_prefill", "teacher_embedding", "teacher_prefill", "projector",
            "decode"),
    "t2t": ("teacher_embedding", "teacher_prefill", "teacher_decode", "handover", "base_embedding",
            "base_prefill", "decode"),
}  # fmt: skip
COLUMNS = [
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
        spread = "" if np.isnan(low) else f" ({max(low, 0):.0f} to {high:.0f})"
        return (
            f"C2C costs less once the message is longer than {max(crossing, 0):.0f} tokens{spread}"
        )


def break_even(records: pd.DataFrame, seed: int = 0) -> dict[str, BreakEven]:
    """Break-even of one pair under one condition: by data set, and overall under the name ``""``.

    Each is fitted to its own records, at its own median lengths. Empty where the records lack C2C or
    text-to-text.
    """
    both = _with_both(records)
    found = {}
    for name, part in {"": both, **dict(list(both.groupby("dataset")))}.items():
        lines = fit_stages(part, seed) if len(part) else {}
        if all((method, stage) in lines for method, stages in STAGES.items() for stage in stages):
            found[name] = _at(_setting(part), lines, len(part[SAMPLE].drop_duplicates()))
    return found


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
    return pd.DataFrame(rows, columns=COLUMNS)


def _with_both(records: pd.DataFrame) -> pd.DataFrame:
    """The records of C2C and text-to-text, of samples that have both."""
    records = records[records["method"].isin(("c2c", "t2t"))]
    methods = records.groupby(SAMPLE)["method"].transform("nunique")
    return records[methods == 2]


def _setting(records: pd.DataFrame) -> Setting:
    c2c, t2t = (records[records["method"] == method] for method in ("c2c", "t2t"))
    return Setting(
        prompt=c2c["prompt_length"].median(),
        teacher_prompt=c2c["teacher_prompt_length"].fillna(c2c["prompt_length"]).median(),
        background=t2t["teacher_prompt_length"].median(),
        chat=(t2t["prompt_length"] - t2t["message_length"]).median(),
        answer=c2c["num_generated_tokens"].median(),
        message=t2t["num_teacher_tokens"].median(),
        growth=t2t["message_length"].sum() / t2t["num_teacher_tokens"].sum(),
    )


def _at(setting: Setting, lines: dict[tuple[str, str], Line], num_samples: int) -> BreakEven:
    def sum_at(method: str, tokens: dict[str, float]) -> np.ndarray:
        return sum(lines[method, stage].at(count) for stage, count in tokens.items())

    c2c_ms = sum_at(
        "c2c",
        {
            "base_embedding": setting.prompt - 1,
            "base_prefill": setting.prompt - 1,
            "teacher_embedding": setting.teacher_prompt - 1,
            "teacher_prefill": setting.teacher_prompt - 1,
            "projector": setting.prompt - 1,
            "decode": setting.answer,
        },
    )
    t2t_ms = sum_at(
        "t2t",
        {
            "teacher_embedding": setting.background - 1,
            "teacher_prefill": setting.background - 1,
            "teacher_decode": 0,
            "handover": 0,
            "base_embedding": setting.chat - 1,
            "base_prefill": setting.chat - 1,
            "decode": setting.answer,
        },
    )
    slope = {"teacher_decode": 1, "handover": 1}
    slope |= dict.fromkeys(("base_embedding", "base_prefill"), setting.growth)
    per_token = sum(lines["t2t", stage].slopes * growth for stage, growth in slope.items())
    return BreakEven(setting, num_samples, c2c_ms, t2t_ms, per_token)
