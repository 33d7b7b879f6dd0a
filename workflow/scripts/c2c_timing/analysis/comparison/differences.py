"""What else differs between two runs: said where it is the question, refused where it makes none.

Another version of the tool, of torch, of a driver is what one compares runs for. Another device, other
weights or longer answers are another thing that is timed: no ratio of theirs says what became slower.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pandas as pd

from ...errors import UserError
from ...meters.load import busy_words
from ..setups import PARTS
from .sides import Side

# Columns that must agree for each pair: what is timed, and what it is timed on.
SAME_THING = {
    "model_config.device": "device",
    "model_config.weights": "weights",
    "model_config.dtype": "dtype",
    **{
        f"model_config.{key}": words
        for key, words in PARTS.items()
        if key not in ("threads", "cpu")
    },
}
CPU, THREADS = "model_config.cpu", "model_config.threads"
# Settings that make other requests of the same samples.
SAME_WORK = (
    "max_new_tokens",
    "message_max_tokens",
    "max_prompt_tokens",
    "temperature",
    "top_p",
    "top_k",
)
# Said elsewhere, or the same fact under another name.
NOT_SAID = {
    "pair",
    "device",
    "source",
    "methods",
    "runtimes",
    "length_views",
    "dtype",
    "seed",
    *SAME_WORK,
}
# Of a line, at most.
MOST_VALUES = 3

Facts = dict[str, set[str]]


def refuse_other_things(old: Side, new: Side) -> None:
    """Refuse runs that no ratio can compare.

    Raises:
        UserError: one line that names what is another one, with both values.
    """
    pairs = sorted({*old.timings["pair"]} & {*new.timings["pair"]})
    if not pairs:
        raise _refusal("no pair is in both", old.timings["pair"], new.timings["pair"])
    for pair in pairs:
        sides = [side.timings[side.timings["pair"] == pair] for side in (old, new)]
        for column, words in SAME_THING.items():
            _refuse_others(pair, words, *(_values(side, column) for side in sides))
        if all((side["model_config.device"] == "cpu").all() for side in sides):
            _refuse_others(pair, "CPU", *(_values(side, CPU) for side in sides))
    _refuse_other_hashes(old, new)
    for name in SAME_WORK:
        for place in _shared_places(old, new):
            values = (
                {_text(_setting(run, name)) for run in _at(side, place)} for side in (old, new)
            )
            _refuse_others(f"{place[0]} on {place[1]}", name, *values)


def differences(old: Side, new: Side) -> list[str]:
    """One line for all else that differs: ``name: old → new``."""
    lines = [
        f"{side.name} tells nothing of its versions and settings: no *_run.json beside {side.path}"
        for side in (old, new)
        if not side.runs
    ]
    one, other = (_facts(side, _shared_places(old, new)) for side in (old, new))
    if {"tool's commit"} <= one.keys() & other.keys():  # the code's digest would say it again
        for facts in (one, other):
            facts.pop("tool's timed code", None)
    lines += [
        f"{name}: {_listed(one[name])} → {_listed(other[name])}"
        for name in one
        if name in other and one[name] != other[name]
    ]
    return lines + [line for side in (old, new) if (line := _disturbed(side))]


def _refuse_others(where: str, words: str, old: set[str], new: set[str]) -> None:
    """What neither tells is no difference."""
    if old and new and not old & new:
        raise _refusal(f"{where}: not the same {words}", old, new)


def _refusal(what: str, old: Iterable[str], new: Iterable[str]) -> UserError:
    return UserError(
        f"{what}: {_listed({*old})} in OLD, {_listed({*new})} in NEW; a ratio of these would not tell "
        f"what became slower; compare runs that have this in common"
    )


def _values(table: pd.DataFrame, column: str) -> set[str]:
    if column not in table:
        return set()
    return {_text(value) for value in table[column].dropna().unique()}


def _refuse_other_hashes(old: Side, new: Side) -> None:
    """A name stands for other weights or shapes: their hashes tell."""
    found = []
    for side in (old, new):
        hashes: dict[tuple[str, str], set[str]] = defaultdict(set)
        for run in side.runs:
            for kind, key in (("models", "config_sha256"), ("fusers", "sha256")):
                for place, part in enumerate(run.get(kind) or ()):
                    if digest := part.get(key):
                        name = part.get("model") or part.get("checkpoint") or f"fuser {place + 1}"
                        hashes[run["pair"], str(name)].add(digest[:12])
        found.append(hashes)
    for pair, name in found[0].keys() & found[1].keys():
        values = (side[pair, name] for side in found)
        _refuse_others(f"{pair}, {name}", "weights or shape (by hash)", *values)


def _shared_places(old: Side, new: Side) -> list[tuple[str, str]]:
    places = ({(run["pair"], str(run.get("dataset"))) for run in side.runs} for side in (old, new))
    return sorted(set.intersection(*places))


def _at(side: Side, *places: tuple[str, str]) -> Iterator[Mapping[str, Any]]:
    return (run for run in side.runs if (run["pair"], str(run.get("dataset"))) in places)


def _setting(run: Mapping[str, Any], name: str) -> Any:
    return (run.get("settings") or {}).get(name)


def _facts(side: Side, places: list[tuple[str, str]]) -> Facts:
    """Values of each fact over shards of pairs and data sets that both runs have."""
    facts: Facts = defaultdict(set)
    if values := _values(side.timings, THREADS):
        facts["threads"] |= values
    if values := _values(side.timings, CPU):
        facts["CPU"] |= values
    for run in _at(side, *places):
        for name, value in _told(run):
            facts[name].add(_text(value))
    return dict(facts)


def _told(run: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    git = run.get("git") or {}
    if git.get("commit"):
        yield "tool's commit", git["commit"][:12] + ("" if git.get("is_clean") else " with changes")
    if code := (run.get("fingerprint") or {}).get("code"):
        yield "tool's timed code", code
    yield from (run.get("versions") or {}).items()
    device = run.get("device") or {}
    yield from (
        (f"device's {key.replace('_', ' ')}", device[key]) for key in device if key != "name"
    )
    cpu = run.get("cpu") or {}
    yield from ((f"CPU's {key.replace('_', ' ')}", cpu[key]) for key in cpu if key != "model")
    yield from ((each, run[each]) for each in ("threads", "seed") if run.get(each) is not None)
    settings = run.get("settings") or {}
    yield from ((name, value) for name, value in settings.items() if name not in NOT_SAID)
    yield from (
        (f"source's {name}", value) for name, value in (settings.get("source") or {}).items()
    )


def _disturbed(side: Side) -> str:
    """Whether something else slowed this run down."""
    throttled = sum(bool((run.get("watch") or {}).get("throttled")) for run in side.runs)
    busy = sum(bool(busy_words(run)) for run in side.runs)
    told = [f"other work ran beside {busy}"] * bool(busy)
    told += [f"the device slowed itself down in {throttled}"] * bool(throttled)
    return f"{side.name}: {' and '.join(told)} of {len(side.runs)} shards" if told else ""


def _listed(values: set[str]) -> str:
    shown = sorted(values)[:MOST_VALUES]
    more = len(values) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def _text(value: Any) -> str:
    is_whole = isinstance(value, float) and value.is_integer()
    return str(int(value) if is_whole else value)
