"""One self-contained page: what was run, the key numbers, the figures, the failures."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path

import jinja2
import pandas as pd

from ..places import LIBRARY
from ..runtime_table import REFERENCE
from ..stages import Stage
from .columns import SETTING, SETUP
from .quality_sentences import quality_sentences
from .speedup import is_across_runtimes
from .verdicts import (
    break_even_verdicts,
    method_rows,
    method_verdicts,
    runtime_rows,
    runtime_verdicts,
    turn_verdicts,
)

NAMES = ["pair", "method", "runtime", "length_view", *SETTING]
TEMPLATES = LIBRARY / "analysis" / "templates"
CAPTIONS = {
    "stage_breakdown": "Where the time of a request goes: median of each stage, and its share.",
    "time_to_first_token": "What a reader waits for before the first token: median of each stage.",
    "throughput": "Tokens per second while decoding; prefill and projection are not in it.",
    "decode_step_time": "Time of a decode step, over all steps and along the answer.",
    "roofline": "What each stage attains, under what the device was measured to do.",
    "prefill_vs_prompt_length": "Prefill without the LM head, over prompt tokens 0 … L-2.",
    "drift": "Whether requests grow slower while the run goes on: each one, and running medians.",
    "speedup": "How many times faster C2C is, by sample, with 95 % intervals; right of 1 it pays.",
    "break_even": "From which length of the teacher's message on a cache is cheaper than text.",
    "ladder": "Every method on every runtime: time of a request, C2C against the others (above 1 it "
    "pays) and where that turns, break-even with text; 95 % intervals.",
    "ladder_by_data_set": "The same for each data set.",
}
RUNTIME_CAPTION = (
    "How many times faster C2C is than other methods, and each method under another runtime than under "
    f"{REFERENCE}; by sample, with 95 % intervals."
)


def _stage_glossary() -> list[tuple[str, str, str]]:
    """Key, meaning and note of every stage; those that are one thing in two models share a line."""
    keys: dict[tuple[str, str], list[str]] = {}
    for stage in Stage:
        keys.setdefault((stage.meaning, stage.note), []).append(stage.key)
    return [(", ".join(alike), *text) for text, alike in keys.items()]


GLOSSARY = [
    ("total_time_ms", "sum of all stages", "tokenizing is not in it"),
    ("wall_time_ms", "host clock around all stages", "independent of the stage timers"),
    ("residual_ms", "wall − total", "time in no stage; flagged when it is too large"),
    ("ttft_ms", "first stage begun to first token chosen", "prefill and projection included"),
    ("tpot_ms", "mean of decode steps 2 … T", "the first step is left out"),
    ("tokens_per_second", "T / decode_total", "decoding alone"),
    ("decode_avg_ms", "mean of all T decode steps", "the first step included"),
    *_stage_glossary(),
]
COLUMNS = {
    "total_time_ms": "total (ms)",
    "ttft_ms": "first token (ms)",
    **{
        stage.key: f"{stage.label} (ms)"
        for stage in (Stage.BASE_PREFILL, Stage.TEACHER_PREFILL, Stage.PROJECTOR)
    },
    "decode_avg_ms": "decode step (ms)",
    "tokens_per_second": "tokens / s",
}


def render(
    timings: pd.DataFrame,
    errors: pd.DataFrame,
    plots: Path,
    speedup: pd.DataFrame | None = None,
    breakeven: pd.DataFrame | None = None,
    summary: pd.DataFrame | None = None,
    notes: Sequence[str] = (),
    ladder: pd.DataFrame | None = None,
) -> str:
    """The page as HTML: the verdict on its rows first, then notes. Texts out of rows are escaped.

    Args:
        speedup, breakeven: the tables of ``compare_methods`` and ``fit_break_even``, where methods or
            runtimes were compared.
        summary: the table of ``summarize``, for what its quality marks say.
        ladder: the table of the same name, where there were several runtimes.
    """
    pays = [] if speedup is None else method_verdicts(speedup)
    pays += [] if breakeven is None else break_even_verdicts(breakeven)
    captions = dict(CAPTIONS)
    if speedup is not None and is_across_runtimes(speedup).any():
        captions["speedup"] = RUNTIME_CAPTION
    quality = [] if summary is None else quality_sentences(summary.to_dict("records"))
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True)
    figures = [
        (caption, base64.b64encode((plots / f"{name}.png").read_bytes()).decode())
        for name, caption in captions.items()
        if (plots / f"{name}.png").is_file()
    ]
    return environment.get_template("report.html.jinja").render(
        sentences=[*quality[:1], *notes, *_sentences(timings)],
        quality=quality[1:],
        names=[name.removeprefix("model_config.") for name in _names(timings)] + ["data set", "n"],
        columns=list(COLUMNS.values()),
        rows=_rows(timings),
        verdicts=pays,
        speedups=[] if speedup is None else method_rows(speedup),
        turns=[] if ladder is None else turn_verdicts(ladder[ladder["dataset"].fillna("") == ""]),
        reference=REFERENCE,
        runtime_verdicts=[] if speedup is None else runtime_verdicts(speedup),
        runtime_speedups=[] if speedup is None else runtime_rows(speedup),
        figures=figures,
        errors=errors.head(200).fillna("").to_dict("records"),
        num_errors=len(errors),
        glossary=GLOSSARY,
    )


def _names(timings: pd.DataFrame) -> list[str]:
    """Columns that tell rows apart; the setup only where it does."""
    return [*NAMES, SETUP] if timings[SETUP].any() else NAMES


def _sentences(timings: pd.DataFrame) -> list[str]:
    """One result a pair and method: median and spread of the whole request."""
    sentences = []
    for (pair, method, runtime, view, *setting, setup), rows in timings.groupby([*NAMES, SETUP]):
        total = rows["total_time_ms"]
        device, dtype, weights = setting
        meaning = "" if weights == "real" else "; with made-up weights the answers mean nothing"
        sentences.append(
            f"{pair}, {method} ({runtime}, {view} length) on {device} in {dtype} "
            f"({weights} weights{meaning}){setup and f', {setup}'}: median "
            f"{total.median():.4g} ms a request (p10 {total.quantile(0.1):.4g}, p90 "
            f"{total.quantile(0.9):.4g}), {rows['tokens_per_second'].median():.4g} tokens per "
            f"second, over {len(rows)} requests; {int(rows['residual_flag'].sum())} flagged."
        )
    return sentences


def _rows(timings: pd.DataFrame) -> list[list[str]]:
    groups = timings.groupby([*_names(timings), "dataset"])
    medians, counts = groups[list(COLUMNS)].median(), groups.size()
    return [
        [*names, str(counts[names])]
        + ["–" if pd.isna(value) else f"{value:.4g}" for value in medians.loc[names]]
        for names in medians.index
    ]
