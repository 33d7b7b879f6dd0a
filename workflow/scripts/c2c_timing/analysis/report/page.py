"""The page as HTML: the answer first, then what it rests on."""

from __future__ import annotations

from typing import Any

import jinja2
import pandas as pd

from ...method_table import METHODS, SUBJECT
from ...places import LIBRARY
from ...runtime_table import REFERENCE
from ...stages import Stage
from ..cold_start import sentences as paybacks
from ..resolution import false_calls, resolution_sentences
from ..speedup import is_across_methods, is_across_runtimes
from ..verdicts import break_even_verdicts, runtime_verdicts, split_verdicts, turn_verdicts
from . import beginnings, comparisons, provenance, spread, trust
from .answers import answers, made_up_pairs
from .colours import dark_variables, on_the_page
from .glossary import COLUMNS, GLOSSARY
from .pictures import pictures, what_to_see
from .sources import Sources
from .stage_bars import bars

TEMPLATES = LIBRARY / "analysis" / "templates"


def render(sources: Sources) -> str:
    """The page. Texts out of rows are escaped; nothing is loaded from anywhere."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    return environment.get_template("report.html.jinja").render(
        **_first_screen(sources), **_comparisons(sources), **_details(sources)
    )


def _first_screen(sources: Sources) -> dict[str, Any]:
    found, speedup = answers(sources), sources.speedup
    calls = [] if speedup is None else false_calls(speedup)
    return {
        "answers": found,
        "is_compared": any(answer.rows for answer in found),
        "made_up": made_up_pairs(sources.timings),
        "num_pairs": len(found),
        "missing": trust.missing_lines(sources.coverage),
        "scarce": trust.scarce_lines(sources.coverage),
        "quality": trust.quality_line(sources.summary),
        "quality_warnings": [*trust.quality_warnings(sources.summary), *calls],
        "resolution": [] if speedup is None else resolution_sentences(speedup),
        "margin": sources.margin,
        "intervals_count": trust.intervals_count(sources.timings),
        "marks": trust.marks(sources.summary),
        "not_ok": trust.not_ok_table(sources.summary),
        "when": provenance.when(sources.runs),
        "where": provenance.where(sources.runs),
    }


def _comparisons(sources: Sources) -> dict[str, Any]:
    """What pays; None and empty where nothing was compared."""
    breakeven, ladder, bottlenecks = sources.breakeven, sources.ladder, sources.bottlenecks
    overall = None if ladder is None else ladder[ladder["dataset"].fillna("") == ""]
    return _speedups(sources.speedup) | {
        "turns": [] if overall is None else turn_verdicts(overall),
        "ladder_table": None if ladder is None else comparisons.ladder_table(ladder),
        "break_even_table": None if breakeven is None else comparisons.break_even_table(breakeven),
        "break_evens": [] if breakeven is None else break_even_verdicts(breakeven),
        "bottleneck_table": None
        if bottlenecks is None
        else comparisons.bottleneck_table(bottlenecks),
        "reference": REFERENCE,
        "subject": METHODS[SUBJECT].title,
    }


def _speedups(speedup: pd.DataFrame | None) -> dict[str, Any]:
    found: dict[str, Any] = {"method_table": None, "runtime_table": None, "runtime_verdicts": []}
    found["splits"] = [] if speedup is None else split_verdicts(speedup)
    if speedup is None:
        return found
    across = is_across_runtimes(speedup)
    if is_across_methods(speedup).any():
        found["method_table"] = comparisons.method_table(speedup)
    if across.any():
        found["runtime_table"] = comparisons.runtime_table(speedup)
        found["runtime_verdicts"] = runtime_verdicts(speedup)
    return found


def _details(sources: Sources) -> dict[str, Any]:
    timings, drawn = sources.timings, pictures(sources)
    return {
        "bars": bars(timings),
        "used_stages": [
            (stage.label, on_the_page(stage.colour))
            for stage in Stage
            if timings[stage.key].notna().any()
        ],
        "medians": comparisons.median_table(timings, COLUMNS),
        "spread": spread.spread_table(timings),
        "courses": spread.course_table(timings),
        "expected_height": spread.expected_height(),
        "drifting": spread.drifting(sources.summary),
        "first_tokens": beginnings.first_token_table(timings),
        "cold": beginnings.cold_table(sources.coldstart),
        "paybacks": [] if sources.coldstart is None else paybacks(sources.coldstart),
        "walls": beginnings.wall_table(sources.runs),
        "failures": trust.failure_table(sources.errors),
        "num_failures": len(sources.errors),
        "provenance": provenance.provenance(sources),
        "pictures": drawn,
        "others": [name for name in drawn if not what_to_see(name)],
        "file": sources.file,
        "glossary": GLOSSARY,
        "dark_variables": dark_variables(),
    }
