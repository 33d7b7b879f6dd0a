"""The config as it is meant, and whether it can be run at all."""

from __future__ import annotations

import contextlib
import functools
import operator
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import yaml
from jsonschema import ValidationError

from ..cards.dataset_card import available_datasets, load_dataset_card
from ..cards.schemas import first_problem, validator
from ..data.sources import SourceSpec
from ..data.sources.local import check_subjects
from ..data.synthetic import check_lengths
from ..errors import UserError
from ..method_table import METHODS, SUBJECT
from ..places import with_home
from ..runtime_table import REFERENCE, RUNTIMES
from .messages import off_schema, unknown
from .results_dir import check_results_dir, plain_path
from .shards import plan_chunks, plan_subjects
from .targets import is_comparison

SCHEMA = "config.schema.yaml"


def fill_from(config: dict[str, Any], default: Mapping[str, Any]) -> None:
    """Take from the workflow's own config what a config of another folder does not say at all.

    Key by key, never within one: what is named there, is meant there.
    """
    for key, value in default.items():
        config.setdefault(key, value)


def read_plain_words(config: dict[str, Any]) -> None:
    """Give ``--config key=true``, ``false`` and ``null`` their meaning: they arrive as texts."""
    words = {"true": True, "false": False, "null": None}
    for key, value in config.items():
        if isinstance(value, str):
            config[key] = words.get(value, value)


def read_numbers_within(config: dict[str, Any], keys: Iterable[str]) -> None:
    """Give what lies within lists and mappings of ``--config`` its meaning: all of it arrives as texts.

    Only where no text may stand, and what YAML reads from it may; the rest stays for ``check_config``.

    Args:
        keys: those of the command line. In files a text is a text.
    """
    errors = validator(SCHEMA).iter_errors({key: config[key] for key in keys if key in config})
    for error in _with_branches(errors):
        if error.validator != "type" or not isinstance(error.instance, str):
            continue
        *outer, last = error.absolute_path
        with contextlib.suppress(yaml.YAMLError, ValueError):
            value = yaml.safe_load(error.instance)
            if validator(SCHEMA).evolve(schema=error.schema).is_valid(value):
                functools.reduce(operator.getitem, outer, config)[last] = value


def _with_branches(errors: Iterable[ValidationError]) -> Iterator[ValidationError]:
    """Errors, and those of the branches of ``anyOf``."""
    for error in errors:
        yield error
        yield from _with_branches(error.context or ())


def expand_home(config: dict[str, Any]) -> None:
    """Let ``~`` in ``data_path`` and ``results_dir`` mean what it means in a shell."""
    if isinstance(config.get("results_dir"), str):
        config["results_dir"] = plain_path(config["results_dir"])
    paths = config.get("data_path")
    if isinstance(paths, Mapping):
        config["data_path"] = {
            name: with_home(path) if isinstance(path, str) else path for name, path in paths.items()
        }


def empty_subjects(config: dict[str, Any], layers: Iterable[Mapping[str, Any] | None]) -> None:
    """Let ``subjects: {}`` in what is laid over ``config.yaml`` mean all subjects, as it says.

    Snakemake merges mappings key by key, so that an empty one would leave those that it covers.
    ``layers`` are the config files of the command line, then its own values, in their order.
    """
    anew: dict[str, Any] | None = None
    for layer in layers:
        subjects = (layer or {}).get("subjects")
        if subjects == {}:
            anew = {}
        elif anew is not None and isinstance(subjects, Mapping):
            anew.update(subjects)
    if anew is not None:
        config["subjects"] = anew


def check_config(config: Mapping[str, Any]) -> None:
    """Check every key, name and number.

    Raises:
        UserError: the first thing that is wrong, with its key and the choices.
    """
    keys = list(validator(SCHEMA).schema["properties"])
    for key in config:
        if key not in keys:
            raise UserError(unknown("config key", key, keys))
    problem = first_problem(dict(config), SCHEMA)
    if problem:
        raise UserError(off_schema(*problem))
    check_results_dir(config["results_dir"])
    _check_names("method in methods", config["methods"], METHODS)
    _check_names("runtime in runtimes", config["runtimes"], RUNTIMES)
    for key in ("subjects", "data_path", "revision"):
        _check_names(f"data set in {key}", config[key], available_datasets())
    _check_runtimes_run_on(config["device"], config["runtimes"])
    _check_precision(config)
    if config["source"] == "local":
        for name in config["datasets"]:
            if name not in config["data_path"]:
                raise UserError(f"config: data_path.{name}: missing; source local needs it")
    planned = plan_subjects(config)
    plan_chunks(config)
    _check_lengths(planned, config)
    if config["source"] == "local":
        for name, subjects in planned.items():
            spec = SourceSpec("local", config["data_path"][name])
            check_subjects(load_dataset_card(name), subjects, spec)


def _check_lengths(planned: Mapping[str, Sequence[str]], config: Mapping[str, Any]) -> None:
    lengths = config["prompt_tokens"]
    spec = SourceSpec(config["source"], prompt_tokens=lengths and tuple(lengths))
    try:
        check_lengths(planned, spec, config["num_samples"])
    except UserError as error:
        raise UserError(f"config: {error}") from None


def _check_names(what: str, names: Iterable[str], choices: Iterable[str]) -> None:
    choices = list(choices)
    for name in names:
        if name not in choices:
            raise UserError(unknown(what, name, choices))


def _check_precision(config: Mapping[str, Any]) -> None:
    if config["target_interval"] is None:
        return
    if config["max_repeats"] < config["repeats"]:
        raise UserError(
            f"config: max_repeats: {config['max_repeats']} is below repeats ({config['repeats']}), with "
            "which the first look begins"
        )
    if not is_comparison(config) and not config["resolution"]:
        raise UserError(
            "config: target_interval: nothing is compared; it needs several methods with "
            f"{SUBJECT}, several runtimes with {REFERENCE}, or resolution: true"
        )


def _check_runtimes_run_on(device: str, runtimes: Iterable[str]) -> None:
    """What ``auto`` stands for is not known before the job runs."""
    kind = device.split(":")[0]
    for name in runtimes:
        devices = RUNTIMES[name].devices
        if kind != "auto" and kind not in devices:
            raise UserError(
                f"config: runtimes: {name} does not run on {kind}, only on {', '.join(devices)}"
            )
