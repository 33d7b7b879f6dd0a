"""One C2C request under torch's profiler: a trace for Perfetto, and what the stages did."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from c2c_timing.cards.dataset_card import load_dataset_card
from c2c_timing.cli import add_one_request_arguments, settings_from
from c2c_timing.data.sources import SourceSpec
from c2c_timing.errors import UserError
from c2c_timing.exits import exits_cleanly
from c2c_timing.flags import Formatter
from c2c_timing.listing import add_list_argument, list_if_asked
from c2c_timing.places import user_path
from c2c_timing.progress import say
from c2c_timing.shard_names import BY_HAND_FILES

EXAMPLES = """example:
  python workflow/scripts/demo_torch_profiler.py --max_new_tokens 8
  (then open results/by_hand/demo_profiler_trace.json in https://ui.perfetto.dev or chrome://tracing)
"""


def parser() -> argparse.ArgumentParser:
    """The command's flags."""
    flags = argparse.ArgumentParser(description=__doc__, epilog=EXAMPLES, formatter_class=Formatter)
    add_list_argument(flags)
    flags.add_argument(
        "--output_dir", type=user_path, default=Path(BY_HAND_FILES), help="folder of the four files"
    )
    add_one_request_arguments(flags, max_new_tokens=16)
    return flags


@exits_cleanly
def main(argv: list[str] | None = None) -> int:
    """Run the command: a timed request for the record, then the same one under the profiler."""
    words = sys.argv[1:] if argv is None else argv
    if list_if_asked(words):
        return 0
    arguments = parser().parse_args(words)
    settings = settings_from(arguments, SourceSpec("builtin"))
    folder = arguments.output_dir
    folder.mkdir(parents=True, exist_ok=True)

    from c2c_timing.data.prompts import build_prompt
    from c2c_timing.data.selection import select_rows
    from c2c_timing.data.sources import read_rows
    from c2c_timing.keeper import open_session
    from c2c_timing.meters.one_stopwatch import alone_on
    from c2c_timing.meters.wall_times import WallTimes
    from c2c_timing.probes.audit.launches import launches_in, profile_request, ranges_of
    from c2c_timing.session import Trial
    from c2c_timing.shard.medians import median_lines
    from c2c_timing.shard.run import time_batches

    card = load_dataset_card("gsm8k")
    rows = select_rows(read_rows(card, "main", settings.source), 1)
    walls = WallTimes()
    session = open_session(settings, walls)
    records = folder / "demo_timing_data.jsonl"
    run = time_batches([(card, "main", rows)], session, walls, records)
    _write_table(records, folder / "demo_timing_data.tsv")
    prompt = build_prompt(card, "main", rows[0].values)
    method, runtime = settings.methods[0], settings.runtimes[0]
    tasks, troubles = session.preparation.tasks(session.preparation.sample(prompt, card, "main"))
    if method in troubles:
        raise UserError(f"{method}: {troubles[method]}")
    trial = Trial(method, runtime, tasks[method].at_length(settings.length_views[0]))
    # Once more without the profiler, which slows the host: what it shows are no times for a record.
    with alone_on(session.pair.device, "a profiled request"):
        plain = session.time_request(trial).reading
        profile, ranges = profile_request(session, trial, ranges_of(plain))
    trace = folder / "demo_profiler_trace.json"
    profile.export_chrome_trace(str(trace))
    stats = {
        "method": method,
        "runtime": runtime,
        "model_config": session.model_config,
        "stages": launches_in(trace, ranges, plain, session),
        "operators": _operators(profile),
    }
    path = folder / "demo_profiler_stats.json"
    path.write_text(json.dumps(stats, indent=1) + "\n", encoding="utf-8")
    for name in ("timing_data.jsonl", "timing_data.tsv", "profiler_trace.json"):
        say(str(folder / f"demo_{name}"))
    say(str(path))
    for line in median_lines(run["medians"]):
        say(line)
    return 0


def _operators(profiler, most: int = 30) -> list[dict]:
    """Operators by their own time, host and device."""
    events = sorted(
        profiler.key_averages(),
        key=lambda event: -(event.self_cpu_time_total + event.self_device_time_total),
    )
    return [
        {
            "name": event.key,
            "calls": event.count,
            "self_cpu_ms": event.self_cpu_time_total / 1e3,
            "self_device_ms": event.self_device_time_total / 1e3,
        }
        for event in events[:most]
    ]


def _write_table(records: Path, path: Path) -> None:
    from c2c_timing.analysis.merge import merge, write_tsv

    timings, _ = merge([records])
    write_tsv(timings.drop(columns=["decode_step_times_ms"]), path)


if __name__ == "__main__":
    sys.exit(main())
