"""How fast can C2C be: every method under every runtime, interleaved, at several prompt lengths.

One prompt a length, each length a data set of its own: intervals are over repeats of that prompt.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import random
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow" / "scripts"))

from c2c_timing.analysis.columns import in_order, own_peak
from c2c_timing.cli import (
    add_decoding_arguments,
    add_pair_arguments,
    positive,
    settings_from,
)
from c2c_timing.data.sources import SourceSpec
from c2c_timing.data.synthetic import SYNTHETIC
from c2c_timing.errors import UserError
from c2c_timing.exits import exits_cleanly
from c2c_timing.flags import Formatter
from c2c_timing.places import user_path
from c2c_timing.progress import progress, say
from c2c_timing.runtime_table import REFERENCE, RUNTIMES

if TYPE_CHECKING:
    import pandas as pd

    from c2c_timing.cards.dataset_card import DatasetCard
    from c2c_timing.data.sources import Row
    from c2c_timing.session import Session

EXAMPLES = """examples:
  python benchmarks/runtimes.py --prompt_tokens 32 170 512
  python benchmarks/runtimes.py --pair qwen3-0.6b_qwen3-4b-base --weights dummy \\
      --device cuda --dtype bfloat16
"""
STAGES = (
    "base_prefill_ms",
    "teacher_prefill_ms",
    "projector_total_ms",
    "decode_avg_ms",
    "ttft_ms",
    "total_time_ms",
)


def parser() -> argparse.ArgumentParser:
    """The command's flags."""
    flags = argparse.ArgumentParser(description=__doc__, epilog=EXAMPLES, formatter_class=Formatter)
    flags.add_argument(
        "--prompt_tokens",
        nargs="+",
        type=positive,
        default=[64, 170, 512, 2048, 8192],
        help="lengths",
    )
    flags.add_argument(
        "--output", type=user_path, default=Path("results/runtimes"), help="a folder"
    )
    add_pair_arguments(flags)
    add_decoding_arguments(flags)
    flags.set_defaults(
        methods=["base", "t2t", "c2c"], runtimes=None, length_views=["fixed"], repeats=5,
        max_new_tokens=64, message_max_tokens=64, num_samples=None, selection="first",
        max_prompt_tokens=None,
    )  # fmt: skip
    return flags


@exits_cleanly
def main(argv: list[str] | None = None) -> int:
    """Run the command: records, then tables of them."""
    arguments = parser().parse_args(argv)
    arguments.runtimes = arguments.runtimes or runtimes_of(arguments.device)
    settings = settings_from(arguments, SourceSpec(SYNTHETIC))

    from c2c_timing.keeper import open_session
    from c2c_timing.meters.one_stopwatch import alone_on
    from c2c_timing.meters.wall_times import WallTimes

    walls = WallTimes()
    session = open_session(settings, walls)
    arguments.output.mkdir(parents=True, exist_ok=True)
    path = arguments.output / "runtimes_timing.jsonl"
    with alone_on(session.pair.device, "every runtime"), path.open("w", encoding="utf-8") as file:
        for record in time_all(session, dict.fromkeys(arguments.prompt_tokens), walls):
            file.write(json.dumps(record, ensure_ascii=False) + "\n")
            file.flush()
    if not path.stat().st_size:
        raise UserError("every request failed; the lines above say why")
    write(session, path)
    return 0


def runtimes_of(device: str) -> list[str]:
    """All that run there."""
    from c2c_timing.engine.devices import resolve_device

    kind = resolve_device(device).type
    return [row.name for row in RUNTIMES.values() if kind in row.devices]


def time_all(session: Session, lengths: Iterable[int], walls: Any) -> Iterator[dict[str, Any]]:
    """The records of one prompt a length, repeat by repeat: a run that is stopped keeps what it has."""
    from c2c_timing.cards.dataset_card import prompt_file_card
    from c2c_timing.cards.subject_names import ONLY_SUBJECT
    from c2c_timing.shard.sample_loop import SampleLoop

    loop = SampleLoop(session, walls, attempt=1)
    lengths, repeats = list(lengths), range(1, session.settings.repeats + 1)
    digits = len(str(max(lengths)))  # so that names sort as numbers do
    said: set[str] = set()
    rounds = list(itertools.product(lengths, repeats))
    for tokens, repeat in progress(rounds, "lengths × repeats", unit="round", every_seconds=0):
        name = f"{tokens:0{digits}}-tokens"
        card = prompt_file_card(Path(f"{name}.jsonl"))
        row = row_of(session, card, tokens, name)
        result = loop.time_row(card, ONLY_SUBJECT, row, [repeat])
        for error in result.errors:
            line = f"{tokens} tokens, {error['method']}, {error['runtime']}: {error['message']}"
            if line not in said:
                said.add(line)
                say(line)
        yield from result.records


def row_of(session: Session, card: DatasetCard, tokens: int, name: str) -> Row:
    """A prompt of so many tokens; of fewer where answer and message would not fit beside it."""
    from c2c_timing.cards.subject_names import ONLY_SUBJECT
    from c2c_timing.data.sources import Row
    from c2c_timing.engine.prompt_ids import room_for_prompt
    from c2c_timing.shard.samples import writer_for

    settings = session.settings
    assert settings.max_new_tokens  # the flags have a default
    beside = settings.max_new_tokens + settings.message_max_tokens
    wanted = min(tokens, room_for_prompt(session.pair, beside))
    try:
        text = writer_for(card, ONLY_SUBJECT, session).text(wanted, random.Random(name))
    except ValueError as error:
        raise UserError(f"--prompt_tokens: {error}") from None
    return Row(name, {"prompt": text, "prompt_tokens": wanted})


def write(session: Session, path: Path) -> None:
    """The table that people read, what each runtime has built, and where verdicts turn."""
    import pandas as pd

    from c2c_timing.analysis.ladder import ladder
    from c2c_timing.analysis.merge import merge
    from c2c_timing.analysis.verdicts import turn_verdicts

    folder = path.parent
    timings, _ = merge([path])
    built = {name: pair.builder.built for name, pair in session.running.items()}
    (folder / "runtimes_built.json").write_text(json.dumps(built, indent=1) + "\n")
    table = summary(timings)
    table.to_csv(folder / "runtimes.tsv", sep="\t", index=False, float_format="%.5g")
    with pd.option_context(
        "display.width", 200, "display.max_columns", 30, "display.max_rows", 500
    ):
        print(table.to_string(index=False, float_format=lambda value: f"{value:.4g}"))
    for name, parts in built.items():
        if parts:
            print(f"{name}: " + ", ".join(f"{part} {value:.3g}" for part, value in parts.items()))
            print(f"  {payback(table, name, parts)}")
    print("\n".join(turn_verdicts(ladder(timings))))


def summary(timings: pd.DataFrame) -> pd.DataFrame:
    """Medians of every stage, and the speed-up over eager with its interval, by length and view."""
    import pandas as pd

    rows = []
    keys = ["length_view", "id", "method"]
    for names, arms in timings.groupby(keys, sort=False):
        own = arms[arms["runtime"] == REFERENCE].set_index("repeat")["total_time_ms"]
        for runtime in in_order(timings["runtime"], RUNTIMES):
            arm = arms[arms["runtime"] == runtime]
            if len(arm):
                medians = arm[list(STAGES)].median()
                peak = arm["peak_memory_bytes"].max() / 1e9
                own_peak_gb = own_peak(arm).max() / 1e9
                ratio = speedup(own, arm.set_index("repeat")["total_time_ms"])
                rows.append(
                    dict(zip(keys, names, strict=True))
                    | {"runtime": runtime, "prompt": arm["prompt_length"].iloc[0], "n": len(arm)}
                    | medians.to_dict()
                    | ratio
                    | {"peak_gb": peak, "flagged": int(arm["residual_flag"].sum())}
                    | {"own_peak_gb": own_peak_gb}
                )
    return pd.DataFrame(rows)


def payback(table: pd.DataFrame, runtime: str, built: Mapping[str, float]) -> str:
    """After how many requests, mixed as in this run, what a runtime took to be ready is saved.

    What was built serves several methods and lengths: no row of the table can be charged for it.
    """
    seconds = sum(amount for part, amount in built.items() if part.endswith("_seconds"))
    totals = table.pivot_table("total_time_ms", ["length_view", "id", "method"], "runtime")
    if not {REFERENCE, runtime} <= set(totals):
        return f"{seconds:.3g} s to be ready; not compared with {REFERENCE}"
    saved = (totals[REFERENCE] - totals[runtime]).mean() / 1e3
    after = f"after {math.ceil(seconds / saved)} requests" if saved > 0 else "never"
    return (
        f"{seconds:.3g} s to be ready, {saved * 1e3:.3g} ms saved a request on the mean of the rows "
        f"above: pays {after}"
    )


def speedup(own: pd.Series, arm: pd.Series) -> dict[str, float]:
    """How many times faster, paired by repeat; median of the ratios with 95 %."""
    import numpy as np

    from c2c_timing.statistics import median_intervals

    logs = np.log(own / arm).dropna().to_numpy()
    if not len(logs):
        return {"speedup": np.nan, "low": np.nan, "high": np.nan}
    low, high = median_intervals(logs[:, None], np.arange(len(logs)))
    return {
        "speedup": float(np.exp(np.median(logs))),
        "low": float(np.exp(low[0])),
        "high": float(np.exp(high[0])),
    }


if __name__ == "__main__":
    sys.exit(main())
