"""Whether shards may stand in one table: what their runs wrote down, held against what was wanted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import UserError
from ..method_table import METHODS
from ..places import with_home
from ..shard_names import errors_file, errors_file_beside, run_file
from .runs import read_run

# Of one pair, these make other records of the same samples, and no column tells them apart.
SAME_IN_A_PAIR = (
    *("max_new_tokens", "message_max_tokens", "max_prompt_tokens"),
    *("temperature", "top_p", "top_k", "synthetic"),
)

Run = dict[str, Any]


@dataclass(frozen=True)
class SampleCounts:
    """Of one shard.

    Attributes:
        asked: how many samples it was to time, of all chunks of its subject together; None: all.
        got: how many it had, those that failed among them.
    """

    asked: int | None
    got: int


def check_runs(
    timings: Sequence[Path], wanted: Mapping[str, Any] | None = None
) -> dict[Path, SampleCounts]:
    """Refuse shards that were timed with other settings, and those whose failed samples are lost.

    Records without a run file cannot be checked.

    Args:
        timings: files of records.
        wanted: what the run's config asks for (``planning.jobs.wanted_settings``); without it the
            shards of one pair must agree with each other.

    Returns:
        How many samples each of them had, as far as it says so.

    Raises:
        UserError: names the first such shard, the setting, both values, and how many others there are.
    """
    # One at a time: of ten thousand, with all that they tell, memory would be full.
    runs = ((path, run) for path in timings if (run := read_run(run_file(path))))
    counts: dict[Path, SampleCounts] = {}
    checked = ((path, run) for path, run in runs if _has_errors(path, run))
    counted = ((path, run) for path, run in checked if _count_into(counts, path, run))
    problems = list(_unlike(counted, wanted) if wanted else _at_odds(counted))
    if problems:
        more = f" (and {len(problems) - 1} more such shards)" if len(problems) > 1 else ""
        raise UserError(problems[0] + more)
    return counts


def _count_into(counts: dict[Path, SampleCounts], path: Path, run: Run) -> bool:
    """Always true."""
    got = (run.get("counts") or {}).get("samples")
    if isinstance(got, int):
        asked = (run.get("settings") or {}).get("num_samples")
        counts[path] = SampleCounts(asked if isinstance(asked, int) else None, got)
    return True


def _has_errors(path: Path, run: Run) -> bool:
    """True: the failed samples that a run counts are there."""
    failed = (run.get("counts") or {}).get("errors")
    places = (errors_file(path), errors_file_beside(path))
    if failed and not any(place.is_file() for place in places):
        raise UserError(
            f"{path}: {failed} of its samples failed, but {places[0]} is gone; put it back, or "
            "delete the shard and time it again"
        )
    return True


def _unlike(runs: Iterable[tuple[Path, Run]], wanted: Mapping[str, Any]) -> Iterator[str]:
    for path, run in runs:
        found = dict(_settings(run))
        expected = {**wanted["settings"], **wanted["sources"].get(run.get("dataset"), {})}
        expected |= wanted["pairs"].get(run["pair"], {})
        for name, value in expected.items():
            if name in found and found[name] != value:
                yield (
                    f"{path}: was timed with {name} {found[name]!r} by another call, the config says "
                    f"{value!r}; delete it, and a call without allow_missing times it as it should be"
                )
                break


def _at_odds(runs: Iterable[tuple[Path, Run]]) -> Iterator[str]:
    first: dict[tuple[str, str | None, str], tuple[Path, Any]] = {}
    for path, run in runs:
        settings = dict(_settings(run))
        for name in SAME_IN_A_PAIR:
            if name not in settings:
                continue
            key = (run["pair"], run.get("dataset"), name)
            other, value = first.setdefault(key, (path, settings[name]))
            if settings[name] != value:
                yield (
                    f"{path}: was timed with {name} {settings[name]!r}, {other} with {value!r}; "
                    "such records would be mixed: merge them apart"
                )
                break


def _settings(run: Run) -> Iterator[tuple[str, Any]]:
    """What a run was told, under the names of ``wanted_settings``, without what no method of it read."""
    settings = run.get("settings") or {}
    methods = settings.get("methods") or ()
    read = {name for method in methods if method in METHODS for name in METHODS[method].settings}
    unread = {name for row in METHODS.values() for name in row.settings} - read
    yield from ((name, value) for name, value in settings.items() if name not in unread)
    source = settings.get("source") or {}
    yield "source", source.get("kind")
    yield "synthetic", source.get("kind") == "synthetic"
    yield "prompt_tokens", source.get("prompt_tokens")
    yield "revision", source.get("revision")
    if source.get("data_path"):
        yield "data_path", with_home(source["data_path"])
    pair = settings.get("pair") or {}
    if pair.get("base"):
        yield "weights", [part.get("weights") for part in _parts(pair)]


def _parts(pair: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    return [pair["base"], *pair.get("teachers", ()), *pair.get("fusers", ())]
