"""Times a shard again and again in child processes that are killed at random moments.

    python tests/shard/kill_driver.py FOLDER SEED KILLS

The models are loaded once; each attempt is a fork that runs ``run_shard`` as the command does. Prints
one JSON line per attempt: how it ended, and the finished samples that the journal held.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from pathlib import Path

# An attempt that is killed finishes at most so many.
MOST_SAMPLES = 3


def is_running(child: int) -> bool:
    return os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None


def main(folder: Path, seed: int, kills: int) -> None:
    from c2c_timing.cards.dataset_card import load_dataset_card
    from c2c_timing.cards.pair_card import load_pair_card
    from c2c_timing.data.sources import SourceSpec
    from c2c_timing.meters.wall_times import WallTimes
    from c2c_timing.session import Session
    from c2c_timing.settings import RunSettings
    from c2c_timing.shard.run import run_shard

    source = SourceSpec("local", data_path=str(folder / "rows.jsonl"))
    settings = RunSettings(
        load_pair_card("tiny"), methods=("base", "c2c"), source=source, max_new_tokens=1,
    )  # fmt: skip
    session, card = Session(settings, WallTimes()), load_dataset_card("gsm8k")
    draw, journal = random.Random(seed), folder / "out" / "tiny" / "journal" / "gsm8k_main.journal"

    pace = 0.0

    def num_finished() -> int:
        return journal.read_bytes().count(b'"records"') if journal.is_file() else 0

    for attempt in range(kills + 1):
        begun, before = time.monotonic(), num_finished()
        child = os.fork()
        if not child:
            os.close(1)
            run_shard(card, "main", session, WallTimes(), folder / "out")
            os._exit(0)
        if attempt < kills:
            # After a random number of samples a random part of a sample's time, at the pace that the
            # machine has now; after one more sample at the latest, should it have become faster.
            after = draw.randrange(MOST_SAMPLES) if pace else 1
            while num_finished() < before + after and is_running(child):
                time.sleep(0.001)
            pace = (time.monotonic() - begun) / after if after else pace
            begun, moment = time.monotonic(), draw.uniform(0, pace)
            while time.monotonic() - begun < moment and num_finished() <= before + after:
                time.sleep(0.001)
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        lines = journal.read_bytes().splitlines(keepends=True) if journal.is_file() else []
        print(
            json.dumps(
                {
                    "killed": os.WIFSIGNALED(status),
                    "exit_code": os.waitstatus_to_exitcode(status),
                    "torn": bool(lines) and not lines[-1].endswith(b"\n"),
                    "samples": [
                        line.decode()
                        for line in lines
                        if line.endswith(b"\n") and b'"records"' in line
                    ],
                }
            ),
            flush=True,
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
