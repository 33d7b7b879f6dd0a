"""What merging, tables, figures and report take of time and memory, and how they grow with records."""

from __future__ import annotations

import argparse
import itertools
import json
import random
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from c2c_timing.places import SCRIPTS
from c2c_timing.shard_names import errors_file, run_file, timing_file

from .figure import Figure, cost_of

METHODS = ["base", "teacher", "t2t", "c2c"]
PAIRS, DATASETS = 2, 10
# Different records, of which the others differ in id, place and begin alone.
VARIANTS = 64


def merging(folder: Path, arguments: argparse.Namespace) -> Iterator[Figure]:
    """Cost of each command that reads all records, at each number of them, and the slopes."""
    seen: dict[str, list[tuple[int, Figure]]] = {}
    for records in sorted(arguments.records):
        sweep = folder / f"{records}-records"
        shards = max(1, records // arguments.records_per_shard)
        if not (sweep / "shards.tsv").exists():
            _invent(sweep, _real_shard(folder), shards, arguments.records_per_shard)
        size = f"{records} records in {shards} shards"
        for name, command in _commands(sweep, arguments.cores).items():
            for figure in cost_of(command, sweep).figures("merge", name, size):
                yield figure
                seen.setdefault(figure.name, []).append((records, figure))
    for points in seen.values():
        if len(points) > 1:
            (few, less), (many, more) = points[0], points[-1]
            slope = (more.value - less.value) / (many - few) * 1e5
            yield replace(more, size="each 100000 records more", value=slope)


def _commands(sweep: Path, cores: int) -> dict[str, list[str | Path]]:
    """What the pipeline calls, in its order."""
    table = ["--timings", "timings.parquet"]
    shards = ["--manifest", "shards.tsv", "--timings-dir", "timings"]
    plots = {
        name: ["plot_timings.py", "--figure", name, *table, "--png", f"plots/{name}.png",
               "--svg", f"plots/{name}.svg"]
        for name in ("stage_breakdown", "throughput", "decode_step_time",
                     "prefill_vs_prompt_length", "speedup", "break_even")
    }  # fmt: skip
    calls = {
        "merge": ["merge_timings.py", *shards, "--output", table[1], "--errors-output", "errors.tsv",
                  "--coverage-output", "coverage.tsv", "--threads", str(cores)],
        "summary": ["summarize_timings.py", *shards, *table, "--errors", "errors.tsv",
                    "--coverage", "coverage.tsv", "--output", "summary.tsv",
                    "--full-output", "summary_full.tsv"],
        "speed-up": ["compare_methods.py", *table, "--output", "speedup.tsv"],
        "break-even": ["fit_break_even.py", *table, "--output", "breakeven.tsv",
                       "--costs-output", "stage_costs.tsv"],
        "stage table": ["write_stage_table.py", *table, "--output", "stage_table.tsv",
                        "--markdown", "stage_table.md"],
        "bottlenecks": ["find_bottlenecks.py", *shards, *table, "--device", "../device.json",
                        "--output", "bottlenecks.tsv"],
        **plots,
        "report": ["write_report.py", *shards, *table, "--errors", "errors.tsv",
                   "--coverage", "coverage.tsv",
                   "--summary", "summary_full.tsv", "--speedup", "speedup.tsv",
                   "--breakeven", "breakeven.tsv", "--bottlenecks", "bottlenecks.tsv",
                   "--figures", *(f"plots/{name}.svg" for name in plots), "--output", "report.html"],
    }  # fmt: skip
    return {
        name: [sys.executable, SCRIPTS / script, *flags] for name, (script, *flags) in calls.items()
    }


def _real_shard(folder: Path) -> Path:
    """A shard of one sample of the default pair, timed here by all methods; and this device's limits."""
    out = folder / "real"
    timing = timing_file(out, "tiny", "mmlu", "anatomy")
    if not timing.exists():
        script = SCRIPTS / "comprehensive_timing_benchmark.py"
        shard = "--dataset mmlu --subject anatomy --num_samples 1 --max_new_tokens 32"
        cost_of(
            [sys.executable, script, *shard.split(), "--message_max_tokens", "32",
             "--methods", *METHODS, "--output_dir", out],
            folder,
        )  # fmt: skip
    if not (folder / "device.json").exists():
        cost_of([sys.executable, SCRIPTS / "measure_device.py", "--output", "device.json"], folder)
    return timing


def _invent(sweep: Path, real: Path, shards: int, per_shard: int) -> None:
    """Shards as the pipeline leaves them, with the texts and the times, give or take, of a real one."""
    lines = [json.loads(line) for line in real.read_text(encoding="utf-8").splitlines()]
    run = json.loads(run_file(real).read_text(encoding="utf-8"))
    variants = _variants(lines)
    subjects = -(-shards // (PAIRS * DATASETS))
    names = [
        (f"pair{pair}", f"data{dataset}", f"subject{subject:04}")
        for subject in range(subjects) for pair in range(PAIRS) for dataset in range(DATASETS)
    ][:shards]  # fmt: skip
    clock = itertools.count()
    for pair, dataset, subject in sorted(names):
        path = timing_file(sweep / "timings", pair, dataset, subject)
        failed = errors_file(path)
        for parent in (path.parent, failed.parent):
            parent.mkdir(parents=True, exist_ok=True)
        words = {"<pair>": pair, "<dataset>": dataset, "<subject>": subject}
        with path.open("w", encoding="utf-8") as file:
            for place in range(per_shard):
                sample, turn = divmod(place, len(lines))
                text = variants[(turn, (sample * 7 + len(subject) + next(clock)) % VARIANTS)]
                text = text.replace("<id>", f"{dataset}/{subject}/{sample}")
                moment = divmod(next(clock), 1_000_000)
                text = text.replace(
                    "<begin>", f"2026-01-{1 + moment[0]:02}T00:00:00.{moment[1]:06}+00:00"
                )
                for word, name in words.items():
                    text = text.replace(word, name)
                file.write(text)
        failed.touch()
        counts = {**run["counts"], "records": per_shard, "errors": 0}
        own = run | {"pair": pair, "dataset": dataset, "subject": subject, "counts": counts}
        run_file(path).write_text(json.dumps(own, indent=1), encoding="utf-8")
    rows = [("pair", "dataset", "subject"), *names]
    text = "".join("\t".join(row) + "\n" for row in rows)
    (sweep / "plots").mkdir(exist_ok=True)
    (sweep / "shards.tsv").write_text(text, encoding="utf-8")


def _variants(lines: list[dict[str, Any]]) -> dict[tuple[int, int], str]:
    """Lines of JSON by method and variant; all times of a record are a share more or less."""
    rng = random.Random(0)
    found = {}
    for turn, variant in itertools.product(range(len(lines)), range(VARIANTS)):
        record = lines[turn]
        longer = rng.choice([0, 0, 5, 20, 80])

        def shaken(value: Any) -> Any:
            return value * rng.lognormvariate(0, 0.1) if isinstance(value, float) else value

        steps = {
            key: list(map(shaken, value))
            for key, value in record.items()
            if key.endswith("steps_ms") or key.endswith("step_times_ms")
        }
        record = record | steps | {
            "id": "<id>", "pair": "<pair>", "dataset": "<dataset>", "subject": "<subject>",
            "started_at": "<begin>", "row_digest": "<id>", "repeat": 1,
            "prompt_length": record["prompt_length"] + longer,
            "timing": {key: shaken(value) for key, value in record["timing"].items()},
        }  # fmt: skip
        found[turn, variant] = json.dumps(record, ensure_ascii=False) + "\n"
    return found
