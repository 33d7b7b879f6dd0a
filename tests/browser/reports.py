"""Reports of runs that never were: of the default's shape, of a comparison's, and of a large one."""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
from analysis.invented import invent, write
from analysis.invented_floors import ROOFS, bottlenecks, row

from c2c_timing.analysis.break_even import break_even_table
from c2c_timing.analysis.figures import FIGURES, FLOOR_FIGURES
from c2c_timing.analysis.ladder import ladder
from c2c_timing.analysis.merge import merge
from c2c_timing.analysis.report.page import render
from c2c_timing.analysis.report.sources import Sources
from c2c_timing.analysis.speedup import compare
from c2c_timing.analysis.summary import summarize

DATASETS = ["openhermes", "mmlu", "mmlu-redux", "gsm8k", "math-500", "longbench", "openbookqa",
            "ai2-arc", "mmlu-pro"]  # fmt: skip
METHODS = ["base", "teacher", "t2t", "c2c"]
ALWAYS = ["stage_breakdown", "throughput", "decode_step_time", "prefill_vs_prompt_length"]
LONG = "a_message_without_any_blank_" * 12


def default(folder: Path) -> Path:
    """One pair and method, nine data sets, nothing compared."""
    return _written(folder, _records(DATASETS, methods=["c2c"], samples=8), ALWAYS)


def comparison(folder: Path) -> Path:
    """Four methods, two lengths, two runtimes; failed samples whose messages know no blank."""
    records = _records(
        DATASETS[:2], samples=5, views=["natural", "fixed"], runtimes=["eager", "fused"]
    )
    failed = [
        {"id": f"gone/{n}", "dataset": "mmlu", "subject": "main", "pair": "tiny", "method": None,
         "stage": "prompt", "error_type": "ValueError", "message": LONG}
        for n in range(12)
    ]  # fmt: skip
    return _written(folder, records, ["stage_breakdown", "speedup", "break_even", "ladder"], failed)


def large(folder: Path) -> Path:
    """Three pairs, four methods, nine data sets, two lengths."""
    pairs = ["tiny", "qwen3-0.6b_qwen2.5-math-1.5b", "qwen3-0.6b_qwen3-4b-base"]
    records = _records(DATASETS, samples=2, views=["natural", "fixed"], pairs=pairs)
    return _written(folder, records, ["stage_breakdown", "speedup"])


def _records(
    datasets, methods=METHODS, samples=5, views=("natural",), runtimes=("eager",), pairs=("tiny",)
):
    ways = [
        (p, d, v, r, m)
        for p in pairs
        for d in datasets
        for v in views
        for r in runtimes
        for m in methods
    ]
    records = [
        invent(
            n + samples * place, id=f"x{n}", pair=pair, dataset=dataset, length_view=view,
            runtime=runtime, method=method, started_at=f"2026-01-01T00:{place % 60:02}:{n:02}",
        )
        for place, (pair, dataset, view, runtime, method) in enumerate(ways)
        for n in range(samples)
    ]  # fmt: skip
    for record in records:  # as records have it
        timing = record["timing"]
        stages = [
            key for key in timing if key.endswith("_ms") and key.removesuffix("_ms") in STAGES
        ]
        timing["total_time_ms"] = sum(timing[key] or 0 for key in stages)
    return records


STAGES = {"base_embedding", "base_prefill", "teacher_embedding", "teacher_prefill", "projector_total",
          "teacher_decode_total", "handover", "decode_total"}  # fmt: skip


def _written(folder: Path, records, figures, errors=()) -> Path:
    folder.mkdir()
    timings, failed = merge([write(folder, records, errors)])
    methods, runtimes = timings["method"].unique(), timings["runtime"].unique()
    floors = bottlenecks(
        [row(n, dataset=dataset, method=method) for n, dataset in enumerate(timings["dataset"].unique())
         for method in methods if method != "t2t"]
    )  # fmt: skip
    shown = {name: FIGURES[name](timings) for name in figures}
    shown |= {name: draw(floors, ROOFS) for name, draw in FLOOR_FIGURES.items()}
    for name, figure in shown.items():
        figure.savefig(folder / f"{name}.svg", metadata={"Date": None})
        plt.close(figure)
    is_compared = len(methods) > 1
    page = render(
        Sources(
            timings,
            failed,
            summary=summarize(timings, failed),
            speedup=compare(timings) if is_compared else None,
            breakeven=break_even_table(timings) if is_compared else None,
            ladder=ladder(timings) if len(runtimes) > 1 else None,
            bottlenecks=floors,
            runs=[
                _run(key)
                for key in timings[["pair", "dataset", "subject"]].drop_duplicates().to_numpy()
            ],
            self_test={
                "passed": True,
                "device": "cpu",
                "threads": 1,
                "node": "n",
                "tested_at": "2026",
            },
            configs=["config.yaml"],
            figures=[folder / f"{name}.svg" for name in shown],
        )
    )
    path = folder / "report.html"
    path.write_text(page, encoding="utf-8")
    return path


def _run(shard):
    pair, dataset, subject = map(str, shard)
    timing = pd.Series(invent()["timing"]).dropna().to_dict()
    return {
        "pair": pair, "dataset": dataset, "subject": subject, "threads": 1, "seed": 0,
        "started_at": "2026-01-01T00:00:00+00:00", "finished_at": "2026-01-01T00:10:00+00:00",
        "versions": {"python": "3.11.7", "torch": "2.13.0+cpu"}, "device": {"name": "cpu"},
        "cpu": {"model": "Some CPU with a long name @ 2.60GHz", "logical_cores": 2},
        "git": {"commit": "0123456789abcdef0123456789abcdef01234567", "is_clean": True},
        "cold_requests_by_runtime": {"eager": {"c2c": timing}},
        "wall_seconds": {"loading": 4.0, "requests": 1.0, "total": 5.0},
    }  # fmt: skip
