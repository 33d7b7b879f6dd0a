"""What timing costs: the clock by itself, and a timed request against a bare one."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Sequence
from dataclasses import replace
from statistics import median
from typing import Any

import numpy as np

from ...meters.clock import NullClock, StageClock, clock_for
from ...progress import progress
from ...session import Session, Trial
from ...stages import Stage
from ...statistics import median_intervals

# A request of LONG_MS or more may be slowed by so much.
BAR, LONG_MS = 0.01, 100.0
# Rounds, and the seconds after which no more are begun; with fewer than FEWEST no interval is sound.
ROUNDS, SECONDS, FEWEST = 30, 4.0, 10
MARKS = 1000
# Bare requests of each runtime, to find the fastest; of so many tokens, for which runtimes on static
# memory have to build nothing that the delays in stages did not need.
TRIES, SHORT_TOKENS = 3, 24
# By how much a request is made longer than LONG_MS asks for: its first token is the longest.
MARGIN = 1.5


def measure_clock(device_type: str, repeats: int = 7) -> dict[str, float]:
    """Host time of one mark, and the shortest stage that the clock can tell from nothing, in µs."""
    clock, marks_us, shortest_us = clock_for(device_type, MARKS), [], []
    for _ in range(repeats):
        clock.start()
        begin = time.perf_counter_ns()
        for _ in range(MARKS):
            clock.mark(Stage.DECODE)
        marks_us.append((time.perf_counter_ns() - begin) / 1e3 / MARKS)
        clock.stop()
        shortest_us.append(min(ms for _, ms in clock.read().marks if ms > 0) * 1e3)
    return {"mark_us": median(marks_us), "resolution_us": min(shortest_us)}


def most_telling(session: Session, trials: Sequence[Trial]) -> Trial:
    """The one whose bare requests are the shortest: what timing costs weighs most there.

    It is cut short, but not below the length at which the bar applies, where it has such a length.
    """
    short = [replace(trial, task=trial.task.shortened(SHORT_TOKENS)) for trial in trials]
    for trial in short:
        session.make_ready(trial)
    took = [min(_request_ms(session, trial, NullClock()) for _ in range(TRIES)) for trial in short]
    fastest = took.index(min(took))
    tokens = tokens_for_bar(took[fastest], trials[fastest].task.request.decoding.max_new_tokens)
    return replace(trials[fastest], task=trials[fastest].task.shortened(tokens))


def tokens_for_bar(short_ms: float, most_tokens: int) -> int:
    """How many tokens a request should have, by what one of ``SHORT_TOKENS`` takes."""
    is_long, can_be_long = short_ms >= LONG_MS, short_ms * most_tokens >= LONG_MS * SHORT_TOKENS
    if is_long or not can_be_long:
        return min(SHORT_TOKENS, most_tokens)
    return min(most_tokens, math.ceil(SHORT_TOKENS * MARGIN * LONG_MS / short_ms))


def measure_overhead(
    session: Session,
    trial: Trial,
    clock_costs: dict[str, float],
    rounds: int = ROUNDS,
    seed: int = 0,
    seconds: float = SECONDS,
) -> dict[str, Any]:
    """Timed against bare requests, in rounds of one each, in random order.

    ``ratio`` is the median over rounds of timed / bare, with an interval of 95 %; ``residual`` that
    of the timed requests; ``accounted_share`` what the marks of a request cost on the host, by
    themselves; the machine's noise touches it little.
    """
    draw, timed = random.Random(seed), session.new_clock(trial)
    rounds_ms, residuals = [], []
    begun = time.monotonic()
    # Whichever comes first must not pay for what both need.
    for number in progress(range(-2, rounds), "overhead of timing", unit="round"):
        if number >= FEWEST and time.monotonic() - begun > seconds:
            break
        took = {}
        for clock in draw.sample([timed, NullClock()], 2):
            took[clock is timed] = _request_ms(session, trial, clock)
        if number >= 0:
            reading = timed.read()
            marks = len(reading.marks) + 1
            residual_ms = reading.wall_ms - sum(ms for _, ms in reading.marks)
            residuals.append((residual_ms, residual_ms / reading.wall_ms))
            rounds_ms.append((took[True], took[False]))
    ratios = np.log([with_clock / bare for with_clock, bare in rounds_ms])
    low, high = median_intervals(ratios[:, None], np.arange(len(ratios)))
    ratio, low, high = np.exp([np.median(ratios), low[0], high[0]]).tolist()
    bare_ms = median(bare for _, bare in rounds_ms)
    return {
        "method": trial.method,
        "runtime": trial.runtime,
        "rounds": len(ratios),
        "bare_request_ms": bare_ms,
        "ratio": ratio,
        "ratio_low": low,
        "ratio_high": high,
        "bar": BAR,
        "bar_applies": bare_ms >= LONG_MS,
        "verdict": verdict(low, high) if len(ratios) >= FEWEST else "not distinguishable",
        "accounted_share": marks * clock_costs["mark_us"] / 1e3 / bare_ms,
        "residual_ms": median(ms for ms, _ in residuals),
        "residual_share": median(share for _, share in residuals),
    }


def verdict(low: float, high: float) -> str:
    """Whether the interval of the ratio lies below the bar, above it, or on both sides."""
    if high <= 1 + BAR:
        return "ok"
    return "above the bar" if low > 1 + BAR else "not distinguishable"


def describe(overhead: dict[str, Any]) -> list[str]:
    """Overhead and residual for a person."""
    ratio, low, high = (100 * (overhead[k] - 1) for k in ("ratio", "ratio_low", "ratio_high"))
    applies = "" if overhead["bar_applies"] else f"; the bar is for {LONG_MS:.0f} ms or more"
    return [
        f"overhead of timing: {ratio:+.2f} % (95 %: {low:+.2f} to {high:+.2f}) of a "
        f"{overhead['bare_request_ms']:.1f} ms request by {overhead['method']} "
        f"({overhead['runtime']}); bar {BAR:.0%}: {overhead['verdict']}{applies}",
        f"accounted: the clock's own marks cost {overhead['accounted_share']:.3%} of the request",
        f"residual: {overhead['residual_ms']:.3f} ms, {overhead['residual_share']:.3%} of the wall "
        f"time (medians of {overhead['rounds']})",
    ]


def describe_clock(clock: dict[str, float]) -> str:
    """The clock's own cost for a person."""
    return (
        f"clock: a mark costs {clock['mark_us']:.3g} µs, resolution {clock['resolution_us']:.3g} µs"
    )


def _request_ms(session: Session, trial: Trial, clock: StageClock) -> float:
    """Host time of one request, until the device has finished."""
    session.finish()
    begin = time.perf_counter_ns()
    session.answer(trial, clock)
    session.finish()
    return (time.perf_counter_ns() - begin) / 1e6
