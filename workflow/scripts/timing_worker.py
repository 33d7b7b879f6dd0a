"""A process that keeps a pair loaded: the timing command starts it, and asks it for shard after shard.

It ends with the run that started it, after an idle minute, and when code, packages or environment have
changed: then a command starts another.
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from c2c_timing.flags import Formatter
from c2c_timing.places import user_path
from c2c_timing.worker.place import Place
from c2c_timing.worker.server import Job, serve

if TYPE_CHECKING:
    from c2c_timing.keeper import Keeper

EXAMPLE = """example, of what starts it:
  python workflow/scripts/comprehensive_timing_benchmark.py --dataset gsm8k --worker results/.worker
  (the worker's own: python workflow/scripts/timing_worker.py --folder results/.worker --key KEY)
"""


def parser() -> argparse.ArgumentParser:
    """The command's flags."""
    flags = argparse.ArgumentParser(description=__doc__, epilog=EXAMPLE, formatter_class=Formatter)
    flags.add_argument("--folder", type=user_path, required=True, help="where commands find it")
    flags.add_argument("--key", required=True, help="what it must have in common with them")
    return flags


def main(argv: list[str] | None = None) -> int:
    """Serve until nobody asks any more."""
    arguments = parser().parse_args(argv)
    serve(Place(arguments.folder.absolute(), arguments.key), Shards().begin)
    return 0


class Shards:
    """Runs the timing command around a pair that stays loaded."""

    def __init__(self) -> None:
        self._keeper: Keeper | None = None
        self._threads: int | None = None

    def begin(self, words: list[str]) -> Job:
        """Import, load what is not there, and leave the rest.

        On a CPU each command is a child: it begins as the first did, its memory is its own, and what
        kills it kills no other. No thread may run when a process is divided, so that loading has
        one. A CUDA context cannot be divided: there shards follow each other in this process, and
        find captured and compiled code in their place.
        """
        from c2c_timing.meters.wall_times import WallTimes

        walls = WallTimes()
        with walls.importing():
            import torch

            from c2c_timing.code_files import record_code
            from c2c_timing.keeper import Keeper
            from c2c_timing.shard import command
            from c2c_timing.shard.fingerprint import versions
            from c2c_timing.shard.run import shapes_of

        for remembered in (record_code, versions):
            remembered()
        self._keeper = self._keeper or Keeper()
        threads = self._threads = self._threads or torch.get_num_threads()
        plan = command.plan(_flags().parse_args(words))
        torch.set_num_threads(1)
        loaded = self._keeper.pair_for(plan.settings, walls)

        def run() -> int:
            torch.set_num_threads(threads)
            return command.time_shards(plan, loaded, walls)

        in_child = loaded.pair.device.type == "cpu"
        # What was profiled is not timed afterwards.
        is_last = plan.extras.audit and not in_child
        return Job(run, in_child, is_last, afterwards=lambda: shapes_of(loaded))


def _flags() -> argparse.ArgumentParser:
    """The timing command's, which tell mistakes under its name."""
    from c2c_timing.shard import command

    flags = command.parser(None, "")
    flags.prog = "comprehensive_timing_benchmark.py"
    return flags


if __name__ == "__main__":
    sys.exit(main())
