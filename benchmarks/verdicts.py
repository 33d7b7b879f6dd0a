"""How often are verdicts on two runs right? Runs with known changes are made up, and compared.

    python benchmarks/verdicts.py [--trials 100] [--samples 20] [--repeats 2] [--noise 0.05]

Of each change (0 %, 3 %, 15 % longer, in every stage) as many pairs of runs as there are trials: three data
sets, six stages and the whole request of C2C. A verdict is right where

- nothing has changed: no row is faster or slower;
- 3 %, which is inside the margin of 5 %: the exit code is 0;
- 15 %: every whole request is slower, and the exit code is 3.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "workflow" / "scripts"))

from c2c_timing.analysis.columns import SETTING, SETUP  # noqa: E402
from c2c_timing.analysis.comparison.changes import WHOLE, changes  # noqa: E402
from c2c_timing.analysis.comparison.sides import DIGEST, LOOKS, PROCESS  # noqa: E402
from c2c_timing.analysis.deciding import FASTER, SLOWER  # noqa: E402
from c2c_timing.method_table import METHODS, SUBJECT  # noqa: E402
from c2c_timing.progress import progress  # noqa: E402
from c2c_timing.stages import STAGE_KEYS, Stage  # noqa: E402

DATASETS = ("gsm8k", "mmlu", "longbench")
# Median time of each stage in ms.
TYPICAL = {
    Stage.BASE_EMBEDDING: 0.1, Stage.BASE_PREFILL: 60, Stage.TEACHER_EMBEDDING: 0.1,
    Stage.TEACHER_PREFILL: 140, Stage.PROJECTOR: 40, Stage.DECODE: 340,
}  # fmt: skip
CHANGES = (0.0, 0.03, 0.15)
# How prompts and their times spread over samples: on logarithms, a standard deviation.
OF_SAMPLES = 0.4


def made_up_run(
    seed: int,
    change: float,
    samples: int = 20,
    repeats: int = 2,
    noise: float = 0.05,
    processes: int = 1,
    apart: float = 0.0,
) -> pd.DataFrame:
    """Records of one run whose stages all take ``1 + change`` as long; the same samples for any seed.

    Args:
        repeats: of each process.
        noise: of a stage of one request, a standard deviation on logarithms.
        apart: the same of a stage of one process.
    """
    sizes, rng = np.random.default_rng(0), np.random.default_rng(seed)
    tables = []
    for dataset in DATASETS:
        size = np.repeat(np.exp(sizes.normal(0, OF_SAMPLES, samples)), repeats * processes)
        process = np.tile(np.repeat(np.arange(processes), repeats), samples)
        times = {}
        for stage in METHODS[SUBJECT].stages:
            logs = rng.normal(0, noise, len(size)) + rng.normal(0, apart, processes)[process]
            times[stage.key] = TYPICAL[stage] * (1 + change) * size * np.exp(logs)
        names = [f"{dataset}-{n}" for n in range(samples)]
        tables.append(
            pd.DataFrame({
                **dict.fromkeys(STAGE_KEYS, np.nan), **times,
                "total_time_ms": np.sum(list(times.values()), axis=0),
                "dataset": dataset, "id": np.repeat(names, repeats * processes),
                "repeat": np.tile(np.arange(repeats) + 1, samples * processes), PROCESS: process + 1,
            })
        )  # fmt: skip
    known = {"pair": "tiny", "method": SUBJECT, "runtime": "eager", "length_view": "natural",
             "subject": "main", SETUP: "", DIGEST: 0, LOOKS: 1, "num_generated_tokens": 32.0}  # fmt: skip
    return pd.concat(tables, ignore_index=True).assign(**known, **dict.fromkeys(SETTING, "x"))


def is_right(table: pd.DataFrame, change: float) -> bool:
    """Whether the verdicts are those that a change allows."""
    exits_with_3 = bool(table["is_beyond_margin"].any())
    if change == 0:
        return not exits_with_3 and not table["verdict"].isin([FASTER, SLOWER]).any()
    if change < 0.05:
        return not exits_with_3
    return exits_with_3 and bool((table.loc[table["part"] == WHOLE, "verdict"] == SLOWER).all())


def number_right(change: float, trials: int, **run: Any) -> int:
    """Of so many pairs of runs."""
    right = 0
    for trial in progress(range(trials), f"{change:.0%} longer", unit="trial"):
        old, new = (made_up_run(2 * trial + n + 1, n * change, **run) for n in (0, 1))
        right += is_right(changes(old, new), change)
    return right


def main() -> None:
    """Print how many are right."""
    flags = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    flags.add_argument("--trials", type=int, default=100)
    flags.add_argument("--samples", type=int, default=20, help="of each data set")
    flags.add_argument("--repeats", type=int, default=2)
    flags.add_argument("--processes", type=int, default=1)
    flags.add_argument("--apart", type=float, default=0.0, help="spread of a stage over processes")
    flags.add_argument("--noise", type=float, default=0.05, help="of a stage of one request")
    arguments = flags.parse_args()
    run = {
        name: getattr(arguments, name)
        for name in ("samples", "repeats", "noise", "processes", "apart")
    }
    for change in CHANGES:
        right = number_right(change, arguments.trials, **run)
        print(f"{change:.0%} longer: {right} of {arguments.trials} right")


if __name__ == "__main__":
    main()
