"""From a config to shards: what Snakemake needs to know before anything runs. No heavy imports."""

from __future__ import annotations

import difflib
import os
import shlex
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema

from ..cards.dataset_card import WORKFLOW, available_datasets, load_dataset_card
from ..cards.pair_card import available_pairs, load_pair_card
from ..cards.schemas import first_problem, validator
from ..data.background import TEMPLATE as BACKGROUND
from ..data.sources.files import data_files
from ..errors import UserError
from ..shard.fingerprint import timing_modules

SCHEMA = "config.schema.yaml"
TIMINGS = "results/timings"
LOGS = "results/logs/time_shard"
SELF_TEST = "results/self_test.json"
LIBRARY = Path(__file__).resolve().parent


@dataclass(frozen=True)
class PlannedShard:
    """One job: a pair on one subject of a data set."""

    pair: str
    dataset: str
    subject: str

    @property
    def name(self) -> str:
        """As people read it."""
        return f"{self.pair}/{self.dataset}/{self.subject}"

    @property
    def timing_file(self) -> str:
        """Its records, relative to the working directory."""
        return f"{TIMINGS}/{self.pair}/{self.dataset}_{self.subject}_timing.jsonl"

    @property
    def run_file(self) -> str:
        """What its run wrote down beside them."""
        return f"{TIMINGS}/{self.pair}/{self.dataset}_{self.subject}_run.json"

    @property
    def log(self) -> str:
        """What its command said, relative to the working directory."""
        return f"{LOGS}/{self.pair}/{self.dataset}_{self.subject}.log"


def prefer_this_python() -> None:
    """Rules call ``python``: let it be this one, unless a rule's environment brings its own."""
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])


def read_plain_words(config: dict[str, Any]) -> None:
    """Give ``--config key=true``, ``false`` and ``null`` their meaning: they arrive as texts."""
    words = {"true": True, "false": False, "null": None}
    for key, value in config.items():
        if isinstance(value, str):
            config[key] = words.get(value, value)


def check_config(config: Mapping[str, Any]) -> None:
    """Check every key, name and number.

    Raises:
        UserError: the first thing that is wrong, with its key and the choices.
    """
    keys = list(validator(SCHEMA).schema["properties"])
    unknown = [key for key in config if key not in keys]
    if unknown:
        raise UserError(_unknown("config key", unknown[0], keys))
    problem = first_problem(dict(config), SCHEMA)
    if problem:
        where, error = problem
        raise UserError(f"config: {where or 'config'}: {_readable(error)}")
    for key in ("subjects", "data_path", "revision"):
        for name in config.get(key, {}):
            if name not in available_datasets():
                raise UserError(_unknown(f"data set in {key}", name, available_datasets()))
    if config["source"] == "local":
        for name in config["datasets"]:
            if name not in config.get("data_path", {}):
                raise UserError(f"config: data_path.{name}: missing; source local needs it")
    plan_shards(config)


def plan_shards(config: Mapping[str, Any]) -> list[PlannedShard]:
    """All shards of a config: pairs, data sets and subjects in the order they are named.

    Raises:
        UserError: an unknown pair, data set or subject.
    """
    shards = []
    for pair in config["pairs"]:
        load_pair_card(pair)
        for dataset in config["datasets"]:
            if dataset not in available_datasets():
                raise UserError(_unknown("data set in datasets", dataset, available_datasets()))
            subjects = config.get("subjects", {}).get(dataset, "all")
            names = load_dataset_card(dataset).expand_subjects(subjects)
            shards.extend(PlannedShard(pair, dataset, subject) for subject in names)
    return shards


def vocabulary() -> dict[str, list[str]]:
    """What each wildcard may be: every card's name, and every subject of every data set."""
    cards = [load_dataset_card(name) for name in available_datasets()]
    return {
        "pair": available_pairs(),
        "dataset": available_datasets(),
        "subject": sorted({subject for card in cards for subject in card.subjects}),
    }


def shard_inputs(pair: str, dataset: str, subject: str, config: Mapping[str, Any]) -> list[str]:
    """Files that determine a shard's records, besides the code: cards, templates, shapes, rows."""
    card = load_dataset_card(dataset)
    if subject not in card.subjects:
        raise UserError(_unknown(f"subject of {dataset}", subject, list(card.subjects)))
    files = [*card.files_for(subject), *load_pair_card(pair).files]
    if "t2t" in config["methods"]:
        files.append(BACKGROUND)
    if config["source"] == "builtin":
        files.append(card.sample_file(subject))
    path = config.get("data_path", {}).get(dataset)
    if config["source"] == "local" and path:
        files += data_files(Path(path))
    return [_relative(path) for path in files]


def table_files(methods: Collection[str]) -> list[str]:
    """Tables that the records of these methods can fill."""
    names = ["summary.tsv", "stage_table.tsv", "stage_table.md"]
    if is_comparison(methods):
        names.append("speedup.tsv")
    if {"c2c", "t2t"} <= set(methods):
        names += ["breakeven.tsv", "stage_costs.tsv"]
    return [f"results/{name}" for name in names]


def figure_names(methods: Collection[str]) -> list[str]:
    """Figures that the records of these methods can fill."""
    names = ["stage_breakdown", "throughput", "decode_step_time", "prefill_vs_prompt_length"]
    if is_comparison(methods):
        names.append("speedup")
    if {"c2c", "t2t"} <= set(methods):
        names.append("break_even")
    return names


def comparison_flags(methods: Collection[str]) -> str:
    """The report's flags for the tables of a comparison, where there are any."""
    tables = {"--speedup": "results/speedup.tsv", "--breakeven": "results/breakeven.tsv"}
    made = table_files(methods)
    return " ".join(f"{flag} {path}" for flag, path in tables.items() if path in made)


def is_comparison(methods: Collection[str]) -> bool:
    """Whether C2C has something to be compared with."""
    return "c2c" in methods and len(set(methods)) > 1


def wanted_shards(shards: Sequence[PlannedShard], config: Mapping[str, Any]) -> list[PlannedShard]:
    """Shards that tables and figures wait for: all, or with ``allow_missing`` those that are there."""
    if not config.get("allow_missing"):
        return list(shards)
    return [shard for shard in shards if Path(shard.timing_file).exists()]


def manifest(shards: Sequence[PlannedShard]) -> str:
    """The shards as a table with tabs: pair, data set, subject."""
    rows = [("pair", "dataset", "subject"), *((s.pair, s.dataset, s.subject) for s in shards)]
    return "\n".join("\t".join(row) for row in rows)


def runtime_minutes(config: Mapping[str, Any], attempt: int) -> int:
    """Time that a shard's job asks for: more with each attempt, up to the longest allowed."""
    resources = config["resources"]
    minutes = attempt * resources["runtime_minutes"]
    return min(minutes, resources.get("max_runtime_minutes") or minutes)


def timing_code(config: Mapping[str, Any]) -> list[str]:
    """Modules that a shard's files depend on: an edit of one times everything again."""
    audit = [*_room("audit"), LIBRARY / "stage_calls.py"] if config.get("audit") else []
    return sorted(map(_relative, [*timing_modules(), *audit]))


def analysis_code() -> list[str]:
    """Modules and templates that the analysis commands use."""
    room = (LIBRARY / "analysis").rglob("*")
    files = [p for p in room if p.suffix in (".py", ".jinja", ".yaml")]
    return sorted(_relative(p) for p in files)


def floors_code() -> list[str]:
    """Modules that measure a device: an edit of one measures it again, and times nothing again."""
    apart = [LIBRARY / "device_report.py", LIBRARY / "engine" / "devices.py"]
    return sorted(map(_relative, [*_room("floors"), *apart]))


def timing_flags(dataset: str, config: Mapping[str, Any]) -> str:
    """The timing command's flags that come from the config, quoted for a shell, in fixed order."""
    values = {
        "--weights": config.get("weights"),
        "--methods": config["methods"],
        "--length_views": config.get("length_views"),
        "--repeats": config.get("repeats"),
        "--message_max_tokens": config.get("message_max_tokens")
        if "t2t" in config["methods"]
        else None,
        "--source": config["source"],
        "--data_path": config.get("data_path", {}).get(dataset),
        "--revision": config.get("revision", {}).get(dataset),
        "--num_samples": config.get("num_samples"),
        "--selection": config.get("selection"),
        "--max_prompt_tokens": config.get("max_prompt_tokens"),
        "--max_new_tokens": config.get("max_new_tokens"),
        "--temperature": config.get("temperature"),
        "--top_p": config.get("top_p"),
        "--top_k": config.get("top_k"),
        "--device": config["device"],
        "--dtype": config["dtype"],
        "--seed": config.get("seed"),
        "--residual_limit": config.get("residual_limit"),
        "--audit": config.get("audit") or None,
        "--self_test": SELF_TEST if config.get("self_test") else None,
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


def _room(name: str) -> list[Path]:
    return list((LIBRARY / name).glob("*.py"))


def _relative(path: Path) -> str:
    root = WORKFLOW.parent
    return str(path.relative_to(root)) if path.is_relative_to(root) else str(path)


def _unknown(what: str, name: str, choices: list[str]) -> str:
    close = difflib.get_close_matches(str(name), choices, n=1)
    hint = f"; did you mean {close[0]}?" if close else ""
    return f"config: unknown {what} {name!r}{hint} (choices: {', '.join(choices)})"


def _readable(error: jsonschema.ValidationError) -> str:
    if error.validator == "enum":
        choices = ", ".join(
            "null" if value is None else str(value) for value in error.validator_value
        )
        return f"{error.instance!r} is not one of the choices: {choices}"
    return error.message[:300]
