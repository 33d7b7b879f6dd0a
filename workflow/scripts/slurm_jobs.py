"""Find this folder's jobs in SLURM's queue: for when their coordinator died. Lists, cancels or waits."""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from c2c_timing.errors import UserError
from c2c_timing.exits import exits_cleanly
from c2c_timing.flags import Formatter
from c2c_timing.places import user_path

EXAMPLE = """examples, in the folder where snakemake was called:
  python workflow/scripts/slurm_jobs.py
  python workflow/scripts/slurm_jobs.py --cancel
  python workflow/scripts/slurm_jobs.py --wait
"""
# Profile key slurm-jobname-prefix.
PREFIX = "c2c-timing"
FORMAT = "%i|%T|%M|%k|%j|%Z"
SECONDS_TO_END = 120


@dataclass(frozen=True)
class Job:
    """One job in the queue; ``what`` is its rule and wildcards."""

    number: str
    state: str
    elapsed: str
    what: str


def parser() -> argparse.ArgumentParser:
    """The command's flags."""
    flags = argparse.ArgumentParser(description=__doc__, epilog=EXAMPLE, formatter_class=Formatter)
    action = flags.add_mutually_exclusive_group()
    action.add_argument("--cancel", action="store_true", help="cancel them, and wait for their end")
    action.add_argument("--wait", action="store_true", help="wait until the last one has ended")
    flags.add_argument("--folder", type=user_path, default=Path(), help="another folder than this")
    flags.add_argument("--prefix", default=PREFIX, help="how their names begin")
    return flags


@exits_cleanly
def main(argv: list[str] | None = None) -> int:
    """Run the command."""
    arguments = parser().parse_args(argv)
    jobs = find(arguments.prefix, arguments.folder.resolve())
    for job in jobs:
        print(f"{job.number}  {job.state:<10}  {job.elapsed:>10}  {job.what}")
    print(f"{len(jobs)} jobs of {arguments.folder.resolve()}")
    if arguments.cancel and jobs:
        _ask("scancel", *(job.number for job in jobs))
    if arguments.cancel or arguments.wait:
        deadline = time.monotonic() + SECONDS_TO_END
        while find(arguments.prefix, arguments.folder.resolve()):
            if arguments.cancel and time.monotonic() > deadline:
                raise UserError("some jobs have not ended yet; see squeue --me")
            time.sleep(2)
        print("none is left in the queue")
    return 0


def find(prefix: str, folder: Path) -> list[Job]:
    """The user's own jobs, waiting or running, that were submitted from a folder.

    Raises:
        UserError: there is no SLURM, or it does not answer.
    """
    jobs = []
    for line in _ask("squeue", "--me", "--noheader", f"--format={FORMAT}").splitlines():
        number, state, elapsed, what, name, where = line.split("|", 5)
        if name.startswith(f"{prefix}_") and Path(where).resolve() == folder:
            jobs.append(Job(number, state, elapsed, what))
    return jobs


def _ask(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise UserError(f"{command[0]}: not found; call this where SLURM's commands are") from None
    if done.returncode:
        raise UserError(f"{command[0]}: {done.stderr.strip()[:300]}")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
