"""Where the numbers come from: when, on which machine, with which versions, code, models and settings."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from .sources import Run, Sources
from .tables import NONE

# More values of one line than these are counted, not listed.
MOST_VALUES = 6
# Settings that say how a sample became records; the pair and where rows come from have lines of their own.
LEFT_OUT = {"pair", "source", "seed", "device"}
SOURCE = ("kind", "data_path", "revision", "prompt_tokens")

Lines = list[tuple[str, str]]


def provenance(sources: Sources) -> list[tuple[str, Lines]]:
    """Titles and lines: name and value; several values where shards differ."""
    runs = sources.runs
    groups = [
        ("Run", _run(sources)),
        ("Machine", _machine(runs)),
        ("Software", _software(runs)),
        ("Models", _models(runs)),
        ("Settings", _settings(runs)),
        ("Clock's self-test", _self_test(sources)),
    ]
    return [(title, lines) for title, lines in groups if lines]


def when(runs: Sequence[Run]) -> str | None:
    """The days of a run, for the top of the page."""
    days = sorted({str(time)[:10] for run in runs for time in _times(run)})
    if not days:
        return None
    return days[0] if days[0] == days[-1] else f"{days[0]} to {days[-1]}"


def where(runs: Sequence[Run]) -> str | None:
    """The devices and threads, for the top of the page."""
    words = []
    for device, cpu, threads in _distinct(
        (
            (run.get("device") or {}).get("name"),
            (run.get("cpu") or {}).get("model"),
            run.get("threads"),
        )
        for run in runs
    ):
        many = f"{threads} thread" + ("s" if threads != 1 else "")
        words.append(f"{cpu}, {many}" if device == "cpu" else f"{device} ({cpu}, {many})")
    return "; ".join(words[:MOST_VALUES]) or None


def _run(sources: Sources) -> Lines:
    runs = sources.runs
    times = sorted(str(time) for run in runs for time in _times(run))
    counts = [run.get("counts") or {} for run in runs]
    totals = {
        name: sum(count.get(name) or 0 for count in counts)
        for name in ("samples", "records", "errors", "flagged")
    }
    seconds = sum((run.get("wall_seconds") or {}).get("total", 0) for run in runs)
    several = sum(len(run.get("attempts") or ()) > 1 for run in runs)
    if not runs:
        return []
    configs = [("config", ", ".join(sources.configs))] if sources.configs else []
    return [
        *configs,
        ("first shard begun", _day(times[0]) if times else NONE),
        ("last shard finished", _day(times[-1]) if times else NONE),
        (
            "shards",
            f"{len(runs)}" + (f", {several} of them in several attempts" if several else ""),
        ),
        ("samples", f"{totals['samples']}, {totals['errors']} failures"),
        ("requests timed", f"{totals['records']}, {totals['flagged']} flagged"),
        ("time of all shards", f"{seconds / 60:.1f} min"),
    ]


def _machine(runs: Sequence[Run]) -> Lines:
    lines = [
        ("device", _of(runs, "device", "name")),
        ("node", _joined(each.get("host") for run in runs for each in run.get("attempts") or ())),
        ("CPU", _of(runs, "cpu", "model")),
        ("cores", _joined(_cores(run) for run in runs)),
        ("CPU governor", _of(runs, "cpu", "governor")),
        ("threads", _joined(run.get("threads") for run in runs)),
        ("throttled", _throttled(runs)),
        ("highest load", _load(runs)),
    ]
    names = _distinct(name for run in runs for name in run.get("device") or {} if name != "name")
    lines[1:1] = [
        (f"device: {name.replace('_', ' ')}", _of(runs, "device", name)) for name in names
    ]
    return _known(lines)


def _software(runs: Sequence[Run]) -> Lines:
    if not runs:
        return []
    names = _distinct(name for run in runs for name in run.get("versions") or {})
    commit = _joined(_commit(run) for run in runs)
    return _known(
        [
            ("commit", commit if commit != NONE else "not known: no git repository"),
            *((name, _of(runs, "versions", name)) for name in names),
        ]
    )


def _models(runs: Sequence[Run]) -> Lines:
    lines: Lines = []
    for pair in _distinct(run["pair"] for run in runs):
        own = [run for run in runs if run["pair"] == pair]
        lines.append((f"{pair}: models", _joined(m for run in own for m in _parts(run, "models"))))
        lines.append((f"{pair}: fusers", _joined(f for run in own for f in _parts(run, "fusers"))))
    return _known(lines)


def _settings(runs: Sequence[Run]) -> Lines:
    settings = [run.get("settings") or {} for run in runs]
    names = [n for n in _distinct(name for each in settings for name in each) if n not in LEFT_OUT]
    sources = [each.get("source") or {} for each in settings]
    lines = [
        ("seed (weights, samples, order, sampling)", _joined(run.get("seed") for run in runs)),
        *((f"rows: {name}", _joined(source.get(name) for source in sources)) for name in SOURCE),
        *((name, _joined(each.get(name) for each in settings)) for name in names),
    ]
    return _known(lines)


def _self_test(sources: Sources) -> Lines:
    found = sources.self_test
    if not found:
        untested = sources.runs and not any(run.get("self_test") for run in sources.runs)
        return [("verdict", "not run: nobody checked the clock of this run")] if untested else []
    stages = found.get("stages") or []
    errors = [abs(s["error_ms"]) for s in stages if s.get("error_ms") is not None]
    lines = [
        ("verdict", "passed" if found.get("passed") else "FAILED"),
        ("tested at", _day(str(found.get("tested_at", NONE)))),
        ("device", f"{found.get('device')}, {found.get('threads')} thread(s), {found.get('node')}"),
        ("runtimes", ", ".join(found.get("runtimes") or [])),
    ]
    if errors:
        passed = sum(bool(stage.get("passed")) for stage in stages)
        lines.append(("known delays found again", f"{passed} of {len(stages)}"))
        lines.append(("largest error", f"{max(errors):.3f} ms"))
    tests = [run["self_test"] for run in sources.runs if run.get("self_test")]
    others = sum(not test.get("is_this_device") for test in tests)
    if others:
        lines.append(
            ("mind", f"{others} of {len(sources.runs)} shards ran on another device or node")
        )
    if untested := _distinct(
        name for test in tests for name in test.get("untested_runtimes") or ()
    ):
        lines.append(("untested runtimes", ", ".join(untested)))
    return lines


def _times(run: Run) -> Iterator[Any]:
    yield from (time for name in ("started_at", "finished_at") if (time := run.get(name)))


def _day(time: str) -> str:
    """A time of ISO 8601, in UTC, to the second."""
    return time[:19].replace("T", " ") + (" UTC" if time.endswith(("Z", "+00:00")) else "")


def _cores(run: Run) -> str | None:
    cpu = run.get("cpu") or {}
    physical, logical = cpu.get("physical_cores"), cpu.get("logical_cores")
    return f"{logical}" + (f" ({physical} physical)" if physical else "") if logical else None


def _commit(run: Run) -> str | None:
    git = run.get("git") or {}
    if not git.get("commit"):
        return None
    return git["commit"][:12] + (
        "" if git.get("is_clean") else ", with changes that are not committed"
    )


def _throttled(runs: Sequence[Run]) -> str:
    watched = [run["watch"] for run in runs if run.get("watch")]
    hot = [watch for watch in watched if watch.get("throttled")]
    if not watched:
        return NONE
    reasons = _joined(reason for watch in hot for reason in watch.get("reasons") or ())
    return f"in {len(hot)} of {len(watched)} shards: {reasons}" if hot else "in no shard"


def _load(runs: Sequence[Run]) -> str:
    loads = [((run.get("watch") or {}).get("load_1m") or {}).get("max") for run in runs]
    known = [load for load in loads if load is not None]
    return f"{max(known):.1f}" if known else NONE


def _parts(run: Run, kind: str) -> Iterator[str]:
    for part in run.get(kind) or ():
        name = part.get("model") or part.get("checkpoint") or "made up"
        revision = f" at {part['revision'][:12]}" if part.get("revision") else ""
        yield f"{name}{revision} ({part.get('weights')} weights)"


def _of(runs: Sequence[Run], group: str, name: str) -> str:
    return _joined((run.get(group) or {}).get(name) for run in runs)


def _joined(values: Iterable[Any]) -> str:
    """Distinct values in words; those of None are not known."""
    known = _distinct(_word(value) for value in values if value is not None)
    if len(known) > MOST_VALUES:
        return f"{'; '.join(known[:MOST_VALUES])} … ({len(known)} values)"
    return "; ".join(known) or NONE


def _word(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_word, value))
    return json.dumps(value) if isinstance(value, bool | dict) else str(value)


def _distinct(values: Iterable[Any]) -> list[Any]:
    return list(dict.fromkeys(values))


def _known(lines: Iterable[tuple[str, str]]) -> Lines:
    return [(name, value) for name, value in lines if value != NONE]
