"""The self-test of one device: stage timers in every runtime, the clock's own cost, the overhead."""

from __future__ import annotations

import datetime
import platform
from collections.abc import Sequence
from typing import Any

import torch

from ...cards.dataset_card import load_dataset_card
from ...cards.pair_card import load_pair_card
from ...data.prompts import Prompt
from ...engine.devices import device_name
from ...meters.wall_times import WallTimes
from ...method_table import SUBJECT
from ...methods.task import Task
from ...runtime_table import REFERENCE
from ...session import Session, Trial
from ...settings import RunSettings
from .overhead import describe, describe_clock, measure_clock, measure_overhead, most_telling
from .stage_delays import StageCheck, check_stages

# Every stage is in one of these.
METHODS = ("base", "teacher", "t2t", "c2c")
# Enough for more than one decode step, and for a request of 100 ms on a fast CPU.
FEW_TOKENS, MANY_TOKENS = 3, 128
PROMPT = Prompt([{"role": "user", "content": "How many legs have three cats?"}], chat=True)


def open_tiny(
    device: str, runtimes: Sequence[str] = (REFERENCE,)
) -> tuple[Session, dict[str, Task]]:
    """The tiny pair on a device, and a task at fixed length for each method of the self-test."""
    settings = RunSettings(
        load_pair_card("tiny"),
        methods=METHODS,
        runtimes=tuple(dict.fromkeys(runtimes)),
        message_max_tokens=FEW_TOKENS,
        max_new_tokens=MANY_TOKENS,
        device=device,
    )
    session = Session(settings, WallTimes())
    card = load_dataset_card("gsm8k")
    tasks, troubles = session.preparation.tasks(session.preparation.sample(PROMPT, card, "main"))
    for trouble in troubles.values():
        raise trouble
    return session, {method: task.at_length("fixed") for method, task in tasks.items()}


def run_self_test(
    device: str, runtimes: Sequence[str] = (REFERENCE,)
) -> tuple[dict[str, Any], list[StageCheck]]:
    """Everything of ``self_test.json``, and the verdicts; a quarter of a minute, and a few seconds
    more for each further runtime, and what that has to build. The overhead is the fastest runtime's.

    Raises:
        UserError: a runtime does not run here.
    """
    session, tasks = open_tiny(device, runtimes)
    runtimes = session.settings.runtimes
    checks = check_stages(
        session,
        [
            Trial(method, runtime, task.shortened(FEW_TOKENS))
            for runtime in runtimes
            for method, task in tasks.items()
        ],
    )
    measured = most_telling(session, [Trial(SUBJECT, name, tasks[SUBJECT]) for name in runtimes])
    clock = measure_clock(session.pair.device.type)
    found = {
        "device": device_name(session.pair.device),
        "node": platform.node(),
        "threads": torch.get_num_threads(),
        "runtimes": list(runtimes),
        "torch": torch.__version__,
        "tested_at": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "passed": all(check.is_passed for check in checks),
        "clock": clock,
        "stages": [check.as_plain() for check in checks],
        "overhead": measure_overhead(session, measured, clock),
    }
    return found, checks


def table(found: dict[str, Any]) -> list[str]:
    """The self-test for a person."""
    columns = "{:8} {:8} {:18} {:>9} {:>10} {:>9} {:>9}  {:18} {}"
    lines = [
        f"self-test on {found['device']}, {found['threads']} thread(s); times in ms",
        columns.format(
            *("runtime", "method", "stage"),
            *("delay", "recovered", "error", "booked to", "neighbour", "verdict"),
        ),
    ]
    lines += [
        columns.format(
            stage["runtime"],
            stage["method"],
            stage["stage"],
            f"{stage['delay_ms']:.3f}",
            f"{stage['recovered_ms']:.3f}",
            f"{stage['error_ms']:+.3f}",
            f"{stage['neighbour_ms']:+.3f}",
            stage["neighbour"],
            "ok" if stage["passed"] else "FAILED",
        )
        for stage in found["stages"]
    ]
    return [*lines, describe_clock(found["clock"]), *describe(found["overhead"])]
