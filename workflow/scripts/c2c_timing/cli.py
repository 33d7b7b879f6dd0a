"""Flags that several commands share, and how they become settings."""

from __future__ import annotations

import argparse
import hashlib
import math
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from .cards.pair_card import (
    WEIGHTS,
    FuserSpec,
    ModelSpec,
    PairCard,
    available_pairs,
    load_pair_card,
)
from .data.sources import SourceSpec
from .data.synthetic import SYNTHETIC
from .errors import UserError
from .method_table import METHODS, SUBJECT, again
from .places import PROJECT, with_home
from .runtime_table import REFERENCE, RUNTIMES
from .settings import DTYPES, LENGTH_VIEWS, RunSettings
from .shard_names import Chunk

# Where rows are read; prompts of wanted lengths can be written instead.
ROW_SOURCES = ("builtin", "hub", "local")
SOURCES = (*ROW_SOURCES, SYNTHETIC)


def positive(text: str) -> int:
    """A whole number above 0, for argparse."""
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)


def chunk(text: str) -> Chunk:
    """``2/4``, for argparse."""
    number, _, of = text.partition("/")
    if number.isdecimal() and of.isdecimal() and 0 < int(number) <= int(of):
        return Chunk(int(number), int(of))
    raise argparse.ArgumentTypeError(f"{text!r} is not a chunk such as 2/4")


def add_pair_arguments(parser: argparse.ArgumentParser) -> None:
    """Which models, and where they run."""
    group = parser.add_argument_group("models")
    group.add_argument("--pair", default="tiny", help=f"pair card: {', '.join(available_pairs())}")
    group.add_argument(
        "--base_model", type=with_home, help="Hub id or folder (default: the card's base)"
    )
    group.add_argument(
        "--teacher_model", type=with_home, help="Hub id or folder (default: the card's teacher)"
    )
    group.add_argument(
        "--fuser_checkpoint",
        type=with_home,
        help="folder (or Hub id, or Hub id:subfolder) in the published format (default: the card's)",
    )
    group.add_argument(
        "--weights", choices=WEIGHTS, help="where all weights come from (default: as the card says)"
    )
    group.add_argument(
        "--methods",
        nargs="+",
        choices=list(METHODS),
        default=[SUBJECT],
        help="who answers, in turn on each sample",
    )
    add_runtimes_argument(group)
    group.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:N")
    group.add_argument("--dtype", choices=DTYPES, default="float32", help="of weights and caches")


def add_runtimes_argument(parser: argparse._ActionsContainer) -> None:
    """How models and projectors are executed."""
    titles = "; ".join(f"{row.name}: {row.title}" for row in RUNTIMES.values())
    parser.add_argument(
        "--runtimes", nargs="+", choices=list(RUNTIMES), default=[REFERENCE], help=titles
    )


def add_decoding_arguments(parser: argparse.ArgumentParser) -> None:
    """How answers are generated."""
    group = parser.add_argument_group("decoding")
    group.add_argument(
        "--max_new_tokens", type=positive, help="longest answer (default: the card's)"
    )
    group.add_argument(
        "--message_max_tokens",
        type=positive,
        default=256,
        help="longest message of the teacher (t2t)",
    )
    group.add_argument(
        "--length_views",
        nargs="+",
        choices=LENGTH_VIEWS,
        default=["natural"],
        help="natural: an answer ends where the model ends it; fixed: exactly max_new_tokens",
    )
    group.add_argument("--repeats", type=positive, default=1, help="runs of every sample")
    group.add_argument("--temperature", type=float, default=0.0, help="0 is greedy")
    group.add_argument("--top_p", type=float, default=1.0, help="1 keeps all")
    group.add_argument("--top_k", type=int, default=0, help="0 keeps all")
    group.add_argument("--seed", type=int, default=0, help="of dummy weights, samples and sampling")


def add_precision_arguments(parser: argparse.ArgumentParser) -> None:
    """How sure one wants to be of what is timed."""
    group = parser.add_argument_group("precision")
    group.add_argument(
        "--processes",
        type=positive,
        default=1,
        help="fresh processes, one after another, each of which times everything",
    )
    # Which of them this is: of those that the command itself starts.
    parser.set_defaults(process=None)
    group.add_argument(
        "--process", type=positive, default=argparse.SUPPRESS, help=argparse.SUPPRESS
    )
    group.add_argument(
        "--resolution",
        action="store_true",
        help=f"time one method under a second name, too ({again(SUBJECT)}): what differs between the "
        "two is no difference",
    )
    group.add_argument(
        "--target_interval",
        type=float,
        help="repeat all samples until the intervals of speed-ups are so narrow: 0.05 is ±5 %% "
        "(default: --repeats times and no more)",
    )
    group.add_argument(
        "--max_repeats",
        type=positive,
        default=RunSettings.max_repeats,
        help="of a sample in one process, with --target_interval; --repeats is where it begins",
    )


def add_one_request_arguments(parser: argparse.ArgumentParser, max_new_tokens: int) -> None:
    """Models and decoding of a command that runs the first built-in sample of a data set."""
    add_pair_arguments(parser)
    add_decoding_arguments(parser)
    parser.set_defaults(
        max_new_tokens=max_new_tokens, num_samples=1, selection="first", max_prompt_tokens=None
    )


def add_source_arguments(
    parser: argparse.ArgumentParser, source: str, kinds: Sequence[str] = ROW_SOURCES
) -> None:
    """Where rows come from, and how many."""
    group = parser.add_argument_group("data")
    group.add_argument(
        "--source", choices=kinds, default=source, help="where rows are read, or written"
    )
    group.add_argument(
        "--data_path", type=with_home, help="file or folder with the native columns (source local)"
    )
    if SYNTHETIC in kinds:
        group.add_argument(
            "--prompt_tokens",
            nargs="+",
            type=positive,
            help="lengths of the prompts (source synthetic), chat template included (default: "
            "the data set's own)",
        )
    group.add_argument("--revision", help="of the data set on the Hub (default: the latest)")
    group.add_argument("--num_samples", type=positive, help="(default: all rows)")
    group.add_argument(
        "--selection",
        choices=("first", "sample"),
        default="first",
        help="the first rows, or drawn by --seed",
    )
    group.add_argument(
        "--max_prompt_tokens",
        type=positive,
        help="longest prompt, before the chat template (default: what card and models allow)",
    )


def settings_from(arguments: argparse.Namespace, source: SourceSpec) -> RunSettings:
    """The settings of a run.

    Raises:
        UserError: a number is out of range, or the pair is unknown.
    """
    residual_limit = getattr(arguments, "residual_limit", 0.02)
    temperature_is_right = 0 <= arguments.temperature < math.inf  # nan is neither
    if not temperature_is_right or not 0 < arguments.top_p <= 1 or arguments.top_k < 0:
        raise UserError("sampling needs temperature >= 0, 0 < top_p <= 1 and top_k >= 0")
    if not 0 <= arguments.seed < 2**63:
        raise UserError(f"--seed {arguments.seed}: must be at least 0 and below 2^63")
    if not 0 < residual_limit <= 1:
        raise UserError(f"--residual_limit {residual_limit}: must be above 0 and at most 1")
    settings = RunSettings(
        pair=pair_from(arguments),
        methods=tuple(dict.fromkeys(arguments.methods)),
        runtimes=tuple(dict.fromkeys(arguments.runtimes)),
        length_views=tuple(dict.fromkeys(arguments.length_views)),
        repeats=arguments.repeats,
        processes=getattr(arguments, "processes", 1),
        resolution=getattr(arguments, "resolution", False),
        target_interval=getattr(arguments, "target_interval", None),
        max_repeats=getattr(arguments, "max_repeats", RunSettings.max_repeats),
        message_max_tokens=arguments.message_max_tokens,
        source=source,
        num_samples=arguments.num_samples,
        selection=arguments.selection,
        max_new_tokens=arguments.max_new_tokens,
        max_prompt_tokens=arguments.max_prompt_tokens,
        temperature=arguments.temperature,
        top_p=arguments.top_p,
        top_k=arguments.top_k,
        device=arguments.device,
        dtype=arguments.dtype,
        seed=arguments.seed,
        residual_limit=residual_limit,
    )
    _check_precision(settings, getattr(arguments, "process", None))
    return settings


def _check_precision(settings: RunSettings, process: int | None) -> None:
    if (process or 1) > settings.processes:
        raise UserError(f"--process {process}: there are {settings.processes} (--processes)")
    target = settings.target_interval
    if target is None:
        return
    if not 0 < target < 1:  # nan is neither
        raise UserError(
            f"--target_interval {target}: must be above 0 and below 1, as 0.05 for ±5 %"
        )
    if settings.max_repeats < settings.repeats:
        raise UserError(
            f"--max_repeats {settings.max_repeats}: is below --repeats {settings.repeats}, with which "
            "the first look begins"
        )
    if not settings.compared():
        raise UserError(
            "--target_interval needs something to compare: several methods with "
            f"{SUBJECT}, several runtimes with {REFERENCE}, or --resolution"
        )


def pair_from(arguments: argparse.Namespace) -> PairCard:
    """The card, with what the flags put in its place."""
    card = load_pair_card(arguments.pair)
    if arguments.weights:
        card = card.with_weights(arguments.weights)
    base, teacher = arguments.base_model, arguments.teacher_model
    if base or teacher:
        # Another model has other shapes: the card's fuser would not fit it.
        card = replace(
            card,
            base=_model(base, arguments.weights) if base else card.base,
            teachers=(_model(teacher, arguments.weights),) if teacher else card.teachers,
            fusers=(FuserSpec("dummy"),) * (1 if teacher else len(card.teachers)),
        )
    if arguments.fuser_checkpoint:
        card = replace(card, fusers=(_fuser(arguments.fuser_checkpoint),) * len(card.teachers))
    if base or teacher or arguments.fuser_checkpoint:
        card = replace(card, name=_name_of(card))
    return card


def _name_of(card: PairCard) -> str:
    """Of a pair that no card describes: its models, and a digest of all that makes it.

    Paths may end alike (``final``), and models meet with several fusers: only the digest tells such
    pairs apart. The same flags give the same name, whatever folder they are given in.
    """
    parts = (card.base, *card.teachers, *card.fusers)
    wiring = (card.layer_map, card.fusion_mode, card.alignment)
    content = repr([[_plain(value) for value in vars(part).values()] for part in parts] + [wiring])
    digest = hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    names = (Path(spec.model).name for spec in (card.base, *card.teachers))
    return re.sub(r"[^\w.+-]", "-", "_".join([*names, digest]))


def _plain(value: Any) -> Any:
    """A folder by its place; the project's own wherever the project lies."""
    if not isinstance(value, str | Path) or not Path(value).is_dir():
        return value
    place = Path(value).resolve()
    return str(place.relative_to(PROJECT) if place.is_relative_to(PROJECT) else place)


def _model(name: str, weights: str | None) -> ModelSpec:
    folder = Path(name)
    if weights == "dummy":
        if not (folder / "config.json").is_file():
            raise UserError(f"{name}: dummy weights need a folder with config.json")
        tokenizer = load_pair_card("tiny").base.tokenizer
        return ModelSpec(name, "dummy", config=folder, tokenizer=tokenizer)
    return ModelSpec(name, "local" if folder.is_dir() else "hub")


def _fuser(name: str) -> FuserSpec:
    if Path(name).is_dir():
        return FuserSpec("local", checkpoint=name)
    repository, _, subfolder = name.partition(":")
    if repository.count("/") != 1 or name.startswith((".", "/")):
        raise UserError(f"{name}: no such fuser folder; check --fuser_checkpoint")
    return FuserSpec("hub", checkpoint=repository, subfolder=subfolder or None)
