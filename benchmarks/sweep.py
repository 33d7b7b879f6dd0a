"""What a sweep costs beside its requests, part by part: shards, whole runs, planning, merging."""

from __future__ import annotations

import argparse
import csv
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow" / "scripts"))

from sweep_parts import PARTS, Figure

from c2c_timing.cli import positive
from c2c_timing.exits import exits_cleanly
from c2c_timing.flags import Formatter
from c2c_timing.places import user_path

EXAMPLES = """examples:
  python benchmarks/sweep.py --only shards default full
  python benchmarks/sweep.py --only plan --shards 1000 10000
  python benchmarks/sweep.py --only merge --records 10000 100000 1000000 --output sweep.tsv
"""


def parser() -> argparse.ArgumentParser:
    """The command's flags."""
    flags = argparse.ArgumentParser(description=__doc__, epilog=EXAMPLES, formatter_class=Formatter)
    flags.add_argument("--only", nargs="+", choices=list(PARTS), default=list(PARTS))
    flags.add_argument(
        "--shards", nargs="+", type=positive, default=[1_000, 10_000], help="of plan"
    )
    flags.add_argument(
        "--records", nargs="+", type=positive, default=[10_000, 100_000, 1_000_000], help="of merge"
    )
    flags.add_argument("--records_per_shard", type=positive, default=100, help="of merge")
    flags.add_argument("--rounds", type=positive, default=8, help="of shards")
    flags.add_argument("--pair", default="tiny", help="of shards")
    flags.add_argument("--weights", help="of shards; instead of the card's")
    flags.add_argument("--device", default="cpu", help="of shards")
    flags.add_argument("--dtype", default="float32", help="of shards")
    flags.add_argument("--runtime", default="eager", help="of shards")
    flags.add_argument("--cores", type=positive, default=2)
    flags.add_argument(
        "--folder", type=user_path, help="where shards are invented, and kept; default: nowhere"
    )
    flags.add_argument("--output", type=user_path, help="the numbers as TSV")
    return flags


@exits_cleanly
def main(argv: list[str] | None = None) -> int:
    """Measure the parts that are asked for; a line each, and a row of the table."""
    arguments = parser().parse_args(argv)
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="c2c-sweep-") as scratch:
        folder = arguments.folder or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        for name in arguments.only:
            for figure in PARTS[name](folder, arguments):
                print(figure, flush=True)
                figures.append(figure)
                if arguments.output:
                    _write(figures, arguments.output)
    return 0


def _write(figures: list[Figure], path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, delimiter="\t", lineterminator="\n")
        rows.writerow(Figure.COLUMNS)
        rows.writerows(figure.row for figure in figures)


if __name__ == "__main__":
    sys.exit(main())
