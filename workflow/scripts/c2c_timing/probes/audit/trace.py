"""What a trace of torch's profiler says of each stage.

Reads the Trace Event Format that Kineto writes: ``ph`` X is an event with ``ts`` and ``dur`` in µs,
``cat`` its kind. A kernel and the host's call that launched it share ``args.correlation``.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

HOST_CALLS = ("cuda_runtime", "cuda_driver")
ON_DEVICE = ("kernel", "gpu_memcpy", "gpu_memset")
COPIES = {"HtoD": "copies_to_device", "DtoH": "copies_to_host", "DtoD": "copies_on_device"}


@dataclass
class StageWork:
    """One stage's work, over all its calls."""

    calls: int = 0
    operators: int = 0
    kernels: int = 0
    synchronisations: int = 0
    copies_to_device: int = 0
    copies_to_host: int = 0
    copies_on_device: int = 0
    profiled_ms: float = 0.0
    operator_ms: float = 0.0
    device_spans: list[tuple[float, float]] = field(default_factory=list)


def work_by_stage(
    events: Iterable[Mapping[str, Any]],
    stages: Sequence[str],
    prefix: str,
    times_ms: Mapping[str, float | None],
    has_device: bool,
) -> dict[str, dict[str, Any]]:
    """Of each stage: calls, operators, kernels, synchronisations, copies, how busy the device was.

    Work belongs to the stage in which the host asked for it. ``operators`` counts what Python calls,
    not what those call. On CUDA ``busy_ms`` is the time in which the device did the stage's kernels,
    copies and fills, and ``busy_share`` its share of the stage's time without the profiler, which slows
    the host and not the kernels. Without a device kernels, synchronisations and copies are None,
    ``busy_ms`` is time inside operators, and ``busy_share`` its share of the profiled time.

    Args:
        stages: names in the order in which they were run; the trace has one range for each, named
            ``prefix`` and anything, and perhaps more of them behind.
        times_ms: without the profiler.
        has_device: whether there is a device apart from the host.
    """
    timed = [event for event in events if event.get("ph") == "X"]
    ranges = sorted(
        (e for e in timed if e["cat"] == "user_annotation" and e["name"].startswith(prefix)),
        key=lambda event: event["ts"],
    )[: len(stages)]
    request = _Ranges(ranges, stages)
    for event in _outermost(timed, ranges[0]["tid"]):
        if stage := request.stage_at(event["ts"]):
            stage.operators += 1
            stage.operator_ms += event["dur"] / 1e3
    launched_in = {}
    for event in (event for event in timed if event["cat"] in HOST_CALLS):
        if stage := request.stage_at(event["ts"]):
            stage.synchronisations += "Synchronize" in event["name"]
            launched_in[event["args"].get("correlation")] = stage
    for event in (event for event in timed if event["cat"] in ON_DEVICE):
        if stage := launched_in.get(event["args"]["correlation"]):
            _add_device_work(stage, event)
    return {
        name: _as_plain(stage, times_ms.get(name), has_device)
        for name, stage in request.work.items()
    }


class _Ranges:
    """The stages of one request on the host's time line, and the work of each."""

    def __init__(self, ranges: Sequence[Mapping[str, Any]], stages: Sequence[str]) -> None:
        self.work = {stage: StageWork() for stage in stages}
        self._stages = stages
        self._begins = [event["ts"] for event in ranges]
        self._ends = [event["ts"] + event["dur"] for event in ranges]
        for stage, event in zip(stages, ranges, strict=True):
            self.work[stage].calls += 1
            self.work[stage].profiled_ms += event["dur"] / 1e3

    def stage_at(self, moment: float) -> StageWork | None:
        """Whose range it is; None before the first, after the last, and between two."""
        place = bisect_right(self._begins, moment) - 1
        if place < 0 or moment > self._ends[place]:
            return None
        return self.work[self._stages[place]]


def _outermost(events: Iterable[Mapping[str, Any]], thread: Any) -> Iterator[Mapping[str, Any]]:
    """Operators of a thread that no other operator called."""
    operators = (e for e in events if e["cat"] == "cpu_op" and e["tid"] == thread)
    end = float("-inf")
    for event in sorted(operators, key=lambda event: (event["ts"], -event["dur"])):
        if event["ts"] >= end:
            end = event["ts"] + event["dur"]
            yield event


def _add_device_work(stage: StageWork, event: Mapping[str, Any]) -> None:
    stage.device_spans.append((event["ts"], event["ts"] + event["dur"]))
    if event["cat"] == "kernel":
        stage.kernels += 1
    elif event["cat"] == "gpu_memcpy":
        for direction, name in COPIES.items():
            if direction in event["name"]:
                setattr(stage, name, getattr(stage, name) + 1)


def _as_plain(work: StageWork, time_ms: float | None, has_device: bool) -> dict[str, Any]:
    counts = ("kernels", "synchronisations", *COPIES.values())
    busy_ms = _union(work.device_spans) / 1e3 if has_device else work.operator_ms
    whole_ms = time_ms if has_device else work.profiled_ms
    return {
        "calls": work.calls,
        "operators": work.operators,
        **{name: getattr(work, name) if has_device else None for name in counts},
        "time_ms": time_ms,
        "profiled_ms": work.profiled_ms,
        "busy_ms": busy_ms,
        "busy_share": busy_ms / whole_ms if whole_ms else None,
    }


def _union(spans: Sequence[tuple[float, float]]) -> float:
    """Length of what the spans cover, in µs."""
    covered, reached = 0.0, float("-inf")
    for begin, end in sorted(spans):
        covered += max(0.0, end - max(begin, reached))
        reached = max(reached, end)
    return covered
