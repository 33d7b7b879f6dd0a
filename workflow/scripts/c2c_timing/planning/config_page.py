"""The page about the config's keys: what they mean from ``config.yaml``, what they may be from its schema."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from ..cards.schemas import validator
from ..places import PROJECT
from .config import SCHEMA

DEFAULTS = PROJECT / "config.yaml"
INTRODUCTION = """# Which keys does the config have?

The default is [config.yaml](../config.yaml), in the workflow's folder. A working directory may have a
`config.yaml` of its own, which needs only the keys that it changes (a key that has keys of its own, with all
of these); `--configfile` lays a file over it ([some are here](../configs)), `--config key=value` a value.
Every key is checked before anything runs.

This page is written by `make keys`.
"""
ABOVE = "(with the key above)"


@dataclass(frozen=True)
class Key:
    """A key of the config; within another one its name has a dot."""

    name: str
    default: Any
    schema: Mapping[str, Any]
    meaning: str


def page() -> str:
    """All keys as Markdown."""
    rows = [
        f"| `{key.name}` | {_code(key.default)} | {_cell(allowed(key.schema))} | {_cell(key.meaning)} |"
        for key in keys()
    ]
    return "\n".join(
        [
            INTRODUCTION,
            "| key | default | may be | what it means |",
            "| --- | --- | --- | --- |",
            *rows,
            "",
        ]
    )


def keys() -> Iterator[Key]:
    """In the order of ``config.yaml``; keys that share a comment follow each other there."""
    text = DEFAULTS.read_text(encoding="utf-8")
    defaults, schema = yaml.safe_load(text), validator(SCHEMA).schema["properties"]
    for name, meaning in _commented(text):
        outer, _, inner = name.partition(".")
        if not inner:
            within = "properties" in schema[outer]
            default = "see below" if within else defaults[outer]
            yield Key(name, default, schema[outer], meaning)
        elif "properties" in schema[outer]:
            yield Key(name, defaults[outer][inner], schema[outer]["properties"][inner], meaning)


def _commented(text: str) -> Iterator[tuple[str, str]]:
    """Keys of two levels, each with the comment above it."""
    outer, is_new = "", False
    comment: list[str] = []
    for line in text.splitlines():
        if found := re.match(r" *# ?(.*)", line):
            comment = [*comment, found[1]] if is_new else [found[1]]
            is_new = True
        elif found := re.match(r"( *)(\w[\w-]*):", line):
            name = f"{outer}.{found[2]}" if found[1] else found[2]
            outer = outer if found[1] else found[2]
            yield name, " ".join(comment) if is_new else ABOVE if comment else ""
            is_new = False
        elif not line.strip():
            comment, is_new = [], False


def allowed(schema: Mapping[str, Any]) -> str:
    """What a value may be, in words."""
    if "anyOf" in schema:
        return ", or ".join(map(allowed, schema["anyOf"]))
    if "enum" in schema:
        return ", ".join(map(_plain, schema["enum"]))
    if "pattern" in schema:
        return f"text like {schema['pattern']}"
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    return " or ".join(_kind(kind, schema) for kind in kinds)


def _kind(kind: str, schema: Mapping[str, Any]) -> str:
    if kind == "array":
        return f"list of {allowed(schema['items'])}"
    if kind == "object":
        values = schema.get("additionalProperties")
        return f"mapping to {allowed(values)}" if values else "mapping"
    words = {"string": "text", "integer": "whole number", "boolean": "true or false"}.get(
        kind, kind
    )
    if kind not in ("integer", "number"):
        return words
    bounds = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
    return " ".join(
        [words, *(f"{sign} {schema[key]}" for key, sign in bounds.items() if key in schema)]
    )


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _code(value: Any) -> str:
    return f"`{_plain(value)}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
