"""How much wider intervals become with processes: one shard's records, as if fewer had timed it."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow" / "scripts"))

import numpy as np
import pandas as pd

from c2c_timing.analysis.columns import COMPARED
from c2c_timing.analysis.merge import merged_into, read_timings
from c2c_timing.analysis.speedup import compare
from c2c_timing.exits import exits_cleanly
from c2c_timing.flags import Formatter
from c2c_timing.places import user_path
from c2c_timing.text_tables import aligned

EXAMPLE = """example, on an idle machine:
  python workflow/scripts/comprehensive_timing_benchmark.py --dataset gsm8k --num_samples 8 --repeats 3 \\
      --methods base c2c --resolution --max_new_tokens 32 --processes 8 --output_dir results/widths
  python benchmarks/process_widths.py results/widths/tiny/gsm8k_main_timing.jsonl
"""
WAY = ["method", "runtime", "against", "against_runtime", "length_view"]


def parser() -> argparse.ArgumentParser:
    """The command's flags."""
    flags = argparse.ArgumentParser(description=__doc__, epilog=EXAMPLE, formatter_class=Formatter)
    flags.add_argument("records", type=user_path, nargs="+", help="of several processes")
    return flags


def compared(timings: pd.DataFrame) -> pd.DataFrame:
    """Speed-ups over all samples, with ``half``: exp((ln high - ln low) / 2) - 1."""
    table = compare(timings, scopes=["overall"])
    log_width = np.log(table["speedup_high"] / table["speedup_low"])
    return table.assign(half=np.expm1(log_width / 2)).set_index(WAY)


def widths(timings: pd.DataFrame) -> pd.DataFrame:
    """A row each comparison: half-widths with one process (a median), and with the first two, three, …"""
    numbers = sorted(timings["process"].unique())
    alone = [compared(timings[timings["process"] == number]) for number in numbers]
    logs = np.log(pd.concat([table["speedup"] for table in alone], axis=1))
    found = {
        "lowest": np.exp(logs.min(axis=1)),
        "highest": np.exp(logs.max(axis=1)),
        "apart": logs.std(axis=1),
        "1": pd.concat([table["half"] for table in alone], axis=1).median(axis=1),
    }
    for many in range(2, len(numbers) + 1):
        found[str(many)] = compared(timings[timings["process"] <= numbers[many - 1]])["half"]
    return pd.DataFrame(found)


@exits_cleanly
def main(argv: list[str] | None = None) -> int:
    """Run the command."""
    arguments = parser().parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "timings.parquet"
        with merged_into(path, arguments.records):
            pass
        table = widths(read_timings(path, COMPARED, with_second_arms=True))
    header = ["", "lowest", "highest", "between processes", *table.columns[3:]]
    rows = [
        [f"{way[0]} against {way[2]} ({way[1]}, {way[4]})", f"{lowest:.3f}", f"{highest:.3f}",
         *(f"{number:.1%}" for number in others)]
        for way, (lowest, highest, *others) in zip(table.index, table.to_numpy(), strict=True)
    ]  # fmt: skip
    print(
        "speed-ups of single processes; their standard deviation; half-widths by number of processes"
    )
    print("\n".join(aligned([header, *rows], right=header[1:])))
    return 0


if __name__ == "__main__":
    sys.exit(main())
