"""A command that lets ``toy_worker`` do its work: FOLDER child|place WHAT …"""

from __future__ import annotations

import sys
from pathlib import Path

from c2c_timing.exits import exits_cleanly
from c2c_timing.worker import client

client.COMMAND = Path(__file__).with_name("toy_worker.py")


@exits_cleanly
def main():
    code = client.ask(Path(sys.argv[1]), sys.argv[2:])
    if code is None:
        print("alone")
    return code


if __name__ == "__main__":
    sys.exit(main())
