"""A look at the intervals of a shard's speed-ups: are they narrow enough, or are more repeats needed?

It sees widths, and stops by them alone: never since a difference has become significant, which would
make a false one likelier with each look. That a width, too, depends on chance is paid for: intervals
share out their 5 % among all looks that there could be.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from ..settings import RunSettings
from ..statistics import confidence_at, mean_interval
from .journal import Journal

# Total times by sample and repeat.
Times = Mapping[tuple[int, int], float]


class Arm(NamedTuple):
    """How a request is made."""

    method: str
    runtime: str
    view: str


def look_at(journal: Journal, settings: RunSettings, number: int) -> dict[str, Any]:
    """What is seen after a round of all samples, for ``_run.json``.

    ``relative_half_width`` is that of the widest interval of all speed-ups, exp((ln high - ln low) / 2)
    - 1, over the samples of this shard and process; None where there are too few samples.

    Args:
        number: of the look, from 0.
    """
    looks = settings.looks
    confidence = float(confidence_at(len(looks)))
    times = _times(journal, number + 1)
    widths = [
        (
            _half_width(times[Arm(*own)], times[Arm(*other)], confidence),
            f"{_words(own, settings)} against {_words(other, settings)}",
        )
        for own, other in settings.compared()
    ]
    # One without an interval is the widest of all.
    width, widest = max(widths, key=lambda found: math.inf if found[0] is None else found[0])
    assert settings.target_interval is not None
    stops = None
    if width is None:
        stops = "no interval"
    elif width <= settings.target_interval:
        stops = "narrow enough"
    elif number + 1 == len(looks):
        stops = "max_repeats"
    return {
        "look": number + 1,
        "of": len(looks),
        "repeats": looks[number],
        "requests": sum(map(len, times.values())),
        "confidence": confidence,
        "relative_half_width": width,
        "widest": widest,
        "stops": stops,
    }


def look_words(look: Mapping[str, Any]) -> str:
    """The same in a line."""
    width = look["relative_half_width"]
    seen = "too few samples for an interval"
    if width is not None:
        seen = f"the widest interval of a speed-up is ±{width:.1%} ({look['widest']})"
    end = f", stops ({look['stops']})" if look["stops"] else ", goes on"
    several = "" if look["repeats"] == 1 else "s"
    return f"look {look['look']} of {look['of']}, {look['repeats']} repeat{several}: {seen}{end}"


def _times(journal: Journal, rounds: int) -> Mapping[Arm, dict[tuple[int, int], float]]:
    times: Mapping[Arm, dict[tuple[int, int], float]] = defaultdict(dict)
    for sample in journal.samples():
        number, at = divmod(sample["sample"], journal.num_samples)
        if number >= rounds:  # of a later round, begun before the shard was cut off
            continue
        for record in sample["records"]:
            arm = Arm(record["method"], record["runtime"], record["length_view"])
            times[arm][at, record["repeat"]] = record["timing"]["total_time_ms"]
    return times


def _half_width(own: Times, other: Times, confidence: float) -> float | None:
    logs = defaultdict(list)
    for request in own.keys() & other.keys():
        logs[request[0]].append(math.log(other[request] / own[request]))
    means = np.array([np.mean(sorted(logs[at])) for at in sorted(logs)])
    low, high = mean_interval(means, confidence=confidence)
    return None if math.isnan(low) else math.expm1((high - low) / 2)


def _words(arm: tuple[str, str, str], settings: RunSettings) -> str:
    method, runtime, view = arm
    told = [method]
    if len(settings.runtimes) > 1:
        told.append(runtime)
    if len(settings.length_views) > 1:
        told.append(view)
    return " ".join(told)
