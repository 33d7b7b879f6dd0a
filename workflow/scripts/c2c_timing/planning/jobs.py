"""What a shard's job is given: its command's flags, its time, and this Python."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ..cards.pair_card import FuserSpec, ModelSpec, load_pair_card
from ..method_table import METHODS
from ..places import with_home
from ..progress import CONSOLE_VARIABLE
from ..results_folder import ResultsFolder
from ..shard_names import Chunk
from ..worker.place import OWNER_VARIABLE, WORKER_VARIABLE
from .targets import results_of

# Given as they stand in the config, in this order; null gives no flag.
PLAIN_KEYS = (
    *("weights", "methods", "runtimes", "length_views", "repeats", "processes", "target_interval"),
    *("max_repeats", "message_max_tokens", "source"),
    *("prompt_tokens", "num_samples", "selection", "max_prompt_tokens", "max_new_tokens"),
    *("temperature", "top_p", "top_k", "device", "dtype", "seed", "residual_limit"),
)


def prefer_this_python() -> None:
    """Rules call ``python``: let it be this one, unless a rule's environment brings its own."""
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])


def offer_worker(config: Mapping[str, Any], is_local: bool) -> None:
    """Let the jobs of this machine share a process that keeps their pair loaded, as long as this one runs.

    Not through a flag: whether a shard ran warm is no reason to time it again.
    """
    os.environ.pop(WORKER_VARIABLE, None)  # of whom started this run: a cluster would hand it on
    if config["worker"] and is_local and config["processes"] == 1:  # a warm one is not fresh
        os.environ[WORKER_VARIABLE] = str(results_of(config).worker)
        os.environ[OWNER_VARIABLE] = str(os.getpid())


def keep_compiled_code(results: ResultsFolder) -> None:
    """Let jobs keep what they compile among the results, unless the user named a folder for it."""
    os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str(results.compiled.resolve()))


def show_progress(is_local: bool) -> None:
    """Let the jobs of this machine draw their bars where this run writes, beside their logs."""
    os.environ.pop(CONSOLE_VARIABLE, None)
    stream = Path(f"/proc/{os.getpid()}/fd/2")
    if is_local and stream.exists():
        os.environ[CONSOLE_VARIABLE] = str(stream)


def priority_of(pair: str, config: Mapping[str, Any]) -> int:
    """The config's first pair before its second; one that a person asks for by name after all of them."""
    pairs = list(config["pairs"])
    return len(pairs) - pairs.index(pair) if pair in pairs else 0


def timing_flags(dataset: str, config: Mapping[str, Any], chunk: Chunk | None = None) -> str:
    """The timing command's flags that come from the config, quoted for a shell, in fixed order.

    What no method of this config reads is left out: it would time everything again for nothing.
    """
    unread = _unread(config)
    values = {f"--{key}": config[key] for key in PLAIN_KEYS if key not in unread}
    values |= {
        "--data_path": config["data_path"].get(dataset),
        "--revision": config["revision"].get(dataset),
        "--resolution": config["resolution"] or None,
        "--audit": config["audit"] or None,
        "--self_test": results_of(config).self_test if config["self_test"] else None,
        "--chunk": f"{chunk.number}/{chunk.of}" if chunk else None,
    }
    words = []
    for flag, value in values.items():
        if isinstance(value, list):
            words += [flag, *map(str, value)]
        elif value is True:
            words.append(flag)
        elif value is not None:  # joined, since a path may begin like a flag
            words.append(f"{flag}={value}")
    return shlex.join(words)


def wanted_settings(config: Mapping[str, Any]) -> dict[str, Any]:
    """What the shards of a config are timed with, for the merge to hold them against.

    ``settings`` hold for all of them, ``sources`` by data set, ``pairs`` by pair.
    """
    apart = {"weights", *_unread(config)}
    wanted = [*PLAIN_KEYS, "resolution"]
    return {
        "settings": {key: config[key] for key in wanted if key not in apart},
        "sources": {name: _wanted_source(name, config) for name in sorted(set(config["datasets"]))},
        "pairs": {name: _wanted_weights(name, config) for name in sorted(set(config["pairs"]))},
    }


def _wanted_source(dataset: str, config: Mapping[str, Any]) -> dict[str, Any]:
    kind, path = config["source"], config["data_path"].get(dataset)
    revision = config["revision"].get(dataset)
    wanted = {}
    if kind == "local" and path:
        wanted["data_path"] = with_home(path)
    if kind == "hub":
        wanted["revision"] = revision
    return wanted


def _wanted_weights(pair: str, config: Mapping[str, Any]) -> dict[str, Any]:
    card = load_pair_card(pair)
    if config["weights"]:
        card = card.with_weights(config["weights"])
    parts: list[ModelSpec | FuserSpec] = [card.base, *card.teachers, *card.fusers]
    return {"weights": [part.weights for part in parts]}


def runtime_minutes(config: Mapping[str, Any], attempt: int) -> int:
    """Time that a shard's job asks for: of all its processes, more with each attempt, up to a limit."""
    resources = config["resources"]
    minutes = attempt * config["processes"] * resources["runtime_minutes"]
    return min(minutes, resources["max_runtime_minutes"] or minutes)


def _unread(config: Mapping[str, Any]) -> set[str]:
    """Keys that nothing reads in a run of this config."""
    unread = _settings_of(METHODS) - _settings_of(config["methods"])
    return unread | ({"max_repeats"} if config["target_interval"] is None else set())


def _settings_of(methods: Iterable[str]) -> set[str]:
    """Settings that only some methods read, of these methods."""
    return {setting for method in methods for setting in METHODS[method].settings}
