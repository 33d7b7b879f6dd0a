"""Snakemake's dry run as a run that pretends: what jobs would make is there, and is recorded as made.

Says in ``recording_seconds.json`` what a job's records take.
"""

from __future__ import annotations

import json
import time
from pathlib import Path

from snakemake.cli import main
from snakemake.executors.dryrun import Executor

WALLS: list[float] = []
PROCESSOR: list[float] = []


def pretend(self, job) -> None:
    """What the executor calls for every job, after those that it waits for."""
    for name in job.output:
        file = Path(name)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    persistence = self.workflow.persistence
    wall, processor = time.perf_counter(), time.process_time()
    persistence.started(job)
    self.workflow.async_run(persistence.finished(job))
    WALLS.append(time.perf_counter() - wall)
    PROCESSOR.append(time.process_time() - processor)
    plain_run_job(self, job)


plain_run_job = Executor.run_job
Executor.run_job = pretend

if __name__ == "__main__":
    try:
        main()
    finally:
        seconds = {"wall": sum(WALLS), "processor": sum(PROCESSOR), "jobs": len(WALLS)}
        Path("recording_seconds.json").write_text(json.dumps(seconds))
