"""What a shard takes beside its requests, alone and of a worker; and whether its times are the same."""

from __future__ import annotations

import argparse
import datetime
import json
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from c2c_timing.places import SCRIPTS

from .figure import Figure

COMMAND = SCRIPTS / "comprehensive_timing_benchmark.py"
# What ran alone, and what was asked of a worker.
ALONE, FIRST, WARM = "alone", "starts a worker", "of a worker"


def shards(folder: Path, arguments: argparse.Namespace) -> Iterator[Figure]:
    """Shards in turns with and without a worker, in random order, every time another worker.

    What differs from process to process (where its weights lie in memory, say) is the same for all
    shards of one worker: several shards of one would look like a difference that is none.
    Overhead is the command's wall time without its requests and warm-ups. A worker's first shard, which
    starts it, counts apart.
    """
    pair = ["--pair", arguments.pair, "--device", arguments.device, "--dtype", arguments.dtype]
    flags = [*pair, "--num_samples", "8", "--max_new_tokens", "32", "--runtimes", arguments.runtime]
    flags += ["--weights", arguments.weights] if arguments.weights else []
    turns = [ALONE, WARM] * arguments.rounds
    random.Random(0).shuffle(turns)
    found: dict[str, list[dict[str, Any]]] = {ALONE: [], FIRST: [], WARM: []}
    for number, turn in enumerate(turns):
        if turn == ALONE:
            found[turn].append(_time(folder, flags))
            continue
        for each in (FIRST, WARM):
            found[each].append(
                _time(folder, [*flags, "--worker", str(folder / f"worker-{number}")])
            )
    for turn, runs in found.items():
        yield from _figures(turn, runs)
    yield from _differences({turn: found[turn] for turn in (ALONE, WARM)})


def _time(folder: Path, flags: list[str]) -> dict[str, Any]:
    output = folder / "shard"
    began = time.time()
    subprocess.run(
        [sys.executable, COMMAND, "--dataset", "gsm8k", "--output_dir", output, *flags],
        check=True, capture_output=True,
    )  # fmt: skip
    wall = time.time() - began
    (timing,) = output.glob("*/gsm8k_main_timing.jsonl")
    run = json.loads(timing.with_name("gsm8k_main_run.json").read_text())
    records = [json.loads(line) for line in timing.read_text().splitlines()]
    work = run["wall_seconds"]["requests"] + run["wall_seconds"]["warm_up"]
    first = datetime.datetime.fromisoformat(records[0]["started_at"]).timestamp() - began
    # The warm-up requests come before the first record.
    return {"wall": wall, "overhead": wall - work, "records": records,
            "first": first - run["wall_seconds"]["warm_up"]}  # fmt: skip


def _figures(turn: str, runs: list[dict[str, Any]]) -> Iterator[Figure]:
    for name, what in (("overhead", "overhead of a shard"), ("first", "until its first request")):
        values = [run[name] for run in runs]
        size = f"{turn}, median of {len(values)} ({min(values):.2f} to {max(values):.2f})"
        yield Figure("shards", what, size, statistics.median(values), "s")


def _differences(found: dict[str, list[dict[str, Any]]]) -> Iterator[Figure]:
    """Medians of each stage over all requests, with the intervals that summaries have."""
    import numpy as np

    from c2c_timing.statistics import median_intervals

    stages = [
        key for key, value in found[ALONE][0]["records"][0]["timing"].items()
        if key.endswith("_ms") and value
    ]  # fmt: skip
    for stage in stages:
        told = []
        for turn, runs in found.items():
            values = [r["timing"][stage] for run in runs for r in run["records"]]
            # A command is one sample: what one process has in common is in the interval.
            command = [n for n, run in enumerate(runs) for _ in run["records"]]
            low, high = median_intervals(np.array(values)[:, None], np.array(command))
            told.append((turn, float(np.median(values)), float(low[0]), float(high[0])))
        apart = max(low for *_, low, _ in told) > min(high for *_, high in told)
        size = "; ".join(f"{turn} {m:.4g} ({low:.4g} to {high:.4g})" for turn, m, low, high in told)
        word = "intervals apart" if apart else "intervals overlap"
        yield Figure("shards", f"{stage}, {word}", size, told[1][1] / told[0][1], "ratio")
