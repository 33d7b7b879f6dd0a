"""What shards wrote down beside their records: shapes, throttling, load."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic_core import from_json

from ..cards.subject_names import subject_today
from ..errors import UserError
from ..meters.load import busy_words, highest_load
from .columns import SETTING

# Which models and weights a record is of; records that agree in these have the same shapes.
MODELS = (
    *("base_model", "teacher_model", "fuser", "weights"),
    *("base_commit", "teacher_commit", "fuser_commit", "fuser_subfolder"),
)

Shapes = dict[tuple[str, ...], dict[str, Any]]


def read_shapes(run_files: Iterable[Path]) -> Shapes:
    """Shapes by pair and models; runs that wrote none, and files that are not there, add none.

    Runs under other runtimes, and older ones, count other things: all that is known is joined.

    Raises:
        UserError: a file is no run, or two runs of the same models disagree.
    """
    shapes: Shapes = {}
    for path, run in _read_runs(run_files):
        key, found = shapes_key(run["pair"], run["model_config"]), run.get("shapes")
        if not found:
            continue
        try:
            shapes[key] = _joined(shapes.get(key), found)
        except _DifferError:
            raise UserError(
                f"{path}: the shapes of {run['pair']} differ from those of another shard; "
                "delete what is older and time it again"
            ) from None
    return shapes


class _DifferError(Exception):
    """Two runs of the same models that disagree."""


def _joined(known: Any, found: Any) -> Any:
    """What either tells: a version may count what another could not, and writes null for it."""
    if known is None or found is None or known == found:
        return found if known is None else known
    if isinstance(known, dict) and isinstance(found, dict):
        names = {**known, **found}
        return {name: _joined(known.get(name), found.get(name)) for name in names}
    if isinstance(known, list) and isinstance(found, list) and len(known) == len(found):
        return [_joined(*both) for both in zip(known, found, strict=True)]
    raise _DifferError


def read_watched(
    run_files: Iterable[Path],
) -> tuple[set[tuple[str | None, ...]], dict[tuple[str | None, ...], str]]:
    """Shards whose device slowed itself down, and those beside which others were at work, with the load.

    Raises:
        UserError: a file is no run.
    """
    throttled: set[tuple[str | None, ...]] = set()
    busiest: dict[tuple[str | None, ...], tuple[float, str]] = {}
    for _, run in _read_runs(run_files):
        shard = _shard_key(run)
        if (run.get("watch") or {}).get("throttled"):
            throttled.add(shard)
        if words := busy_words(run):  # of several chunks the busiest
            load = (highest_load(run), words)
            busiest[shard] = max(load, busiest.get(shard, load))
    return throttled, {shard: words for shard, (_, words) in busiest.items()}


# What a report tells of a run; the rest of it is large, and of ten thousand runs too large.
TOLD = (
    *("pair", "dataset", "subject", "chunk", "started_at", "finished_at", "attempts", "counts"),
    *("versions", "device", "cpu", "git", "models", "fusers", "seed", "threads", "watch"),
    *("self_test", "settings", "wall_seconds"),
)

# What tells how a process began.
BEGINNING = (
    *("pair", "dataset", "subject", "chunk", "model_config", "settings", "wall_seconds", "is_warm"),
    *("processes", "runtimes", "cold_requests_by_runtime", "cold_requests_follow"),
)


def read_told(run_files: Iterable[Path], names: Sequence[str] = TOLD) -> list[dict[str, Any]]:
    """Where records come from, as each of these runs wrote it down; or ``names`` of it.

    Raises:
        UserError: a file is no run.
    """
    return [{name: run.get(name) for name in names} for _, run in _read_runs(run_files)]


def _shard_key(run: Mapping[str, Any]) -> tuple[str | None, ...]:
    config = run["model_config"]
    setting = (config.get(name.removeprefix("model_config.")) for name in SETTING)
    subject = run.get("subject")
    return (run["pair"], run.get("dataset"), subject and subject_today(subject), *setting)


def read_run(path: Path) -> dict[str, Any] | None:
    """What a shard's run wrote down; None where there is no such file.

    Raises:
        UserError: the file is no run.
    """
    if not path.is_file():
        return None
    try:
        run = _parsed(path.read_bytes())
    except (OSError, ValueError) as error:
        raise UserError(f"{path}: not a shard's run file ({error!r})") from None
    is_run = isinstance(run, dict) and isinstance(run.get("pair"), str)
    if not is_run or not isinstance(run.get("model_config"), dict):
        raise UserError(f"{path}: not a shard's run file (it names no pair or model_config)")
    return run


def _parsed(content: bytes) -> Any:
    try:
        return from_json(content, cache_strings="keys")
    except (ValueError, RecursionError):
        return json.loads(content.decode("utf-8"))  # which says what is wrong


def _read_runs(run_files: Iterable[Path]) -> Iterator[tuple[Path, dict[str, Any]]]:
    for path in run_files:
        run = read_run(path)
        if run is not None:
            yield path, run


def shapes_key(pair: str, model_config: Mapping[str, Any]) -> tuple[str, ...]:
    """Under which the shapes of a run are found, by its pair and its ``model_config``."""
    values = map(model_config.get, MODELS)
    # In a table, what a record lacks is NaN.
    return (pair, *(str(None if value != value else value) for value in values))


def shapes_key_of(record: Mapping[str, Any]) -> tuple[str, ...]:
    """Under which the shapes of a flat record's run are found."""
    return shapes_key(record["pair"], {m: record.get(f"model_config.{m}") for m in MODELS})
