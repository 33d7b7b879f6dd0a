"""Takes the timing command's place in a copy of the project: notes each call, then spoils some.

``faults.json`` says of a shard how many of its first attempts fail, or hang until SLURM ends them.
"""

from __future__ import annotations

import json
import os
import runpy
import subprocess
import sys
import time
from pathlib import Path

from c2c_timing import progress

TRUE_COMMAND = Path(__file__).with_name("true_benchmark.py")


def main() -> None:
    flags = dict(zip(sys.argv[1::2], sys.argv[2::2], strict=False))
    shard = f"{flags['--dataset']}_{flags['--subject']}"
    notes = Path("calls") / f"{shard}.jsonl"
    notes.parent.mkdir(exist_ok=True)
    attempt = len(notes.read_text().splitlines()) + 1 if notes.exists() else 1
    job = os.environ["SLURM_JOB_ID"]
    note = {"attempt": attempt, "job": job, "devices": os.environ.get("CUDA_VISIBLE_DEVICES")}
    with notes.open("a") as file:
        file.write(json.dumps(note) + "\n")
    fault = json.loads(Path("faults.json").read_text()).get(shard, {})
    if attempt <= fault.get("fails", 0):
        sys.exit(f"error: made to fail in attempt {attempt}")
    if attempt <= fault.get("hangs", 0):
        progress.progress = hang_after(fault["hangs_after_samples"], job)
    runpy.run_path(str(TRUE_COMMAND), run_name="__main__")


def hang_after(num_samples: int, job: str):
    """Samples that stop coming; the job's time is cut to the shortest that SLURM knows, a minute."""

    def hanging(items, *_title, **_numbers):
        yield from items[:num_samples]
        subprocess.run(["scontrol", "update", f"JobId={job}", "TimeLimit=1"], check=True)
        time.sleep(7200)  # SLURM ends it, however late

    return hanging


if __name__ == "__main__":
    main()
