"""How every command shows its flags: examples as they are written, of each flag its choices and default."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from typing import Any

# What no value means, as a help says it.
IN_WORDS = re.compile(r" ?\(default: ([^)]*)\)$")


class Formatter(argparse.RawDescriptionHelpFormatter):
    """Ends the help of each flag with its choices, and with its default or that it is required.

    A help may end with ``(default: …)`` in words: they stand there where there is no value. Choices
    that it names are not named again.
    """

    def _get_help_string(self, action: argparse.Action) -> str:
        help_text = action.help or ""
        said = IN_WORDS.sub("", help_text)
        words = IN_WORDS.search(help_text)
        notes = [_choices(action, said), _default(action, words[1] if words else "none")]
        note = "; ".join(filter(None, notes))
        return " ".join(filter(None, (said, note and f"({note})")))

    def _metavar_formatter(
        self, action: argparse.Action, default_metavar: str
    ) -> Callable[[int], tuple[str, ...]]:
        # Of several values argparse would write all choices down twice.
        if action.metavar is None and _has_many(action):
            return lambda size: (default_metavar,) * size
        return super()._metavar_formatter(action, default_metavar)


def _has_many(action: argparse.Action) -> bool:
    return action.nargs in ("+", "*")


def _choices(action: argparse.Action, said: str) -> str:
    choices = [str(choice) for choice in action.choices or ()]
    if action.metavar is None and not _has_many(action):
        return ""  # they stand in the place of the value
    return "" if all(choice in said for choice in choices) else _escaped(", ".join(choices))


def _default(action: argparse.Action, of_none: str) -> str:
    if action.default is argparse.SUPPRESS:
        return ""
    if action.required and action.nargs != "*":
        return "required"
    is_none = action.default is None or action.default == []
    return f"default: {of_none if is_none else _escaped(shown(action.default))}"


def shown(value: Any) -> str:
    """A default as a person would type it."""
    if isinstance(value, bool):
        return "on" if value else "off"
    return " ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _escaped(text: str) -> str:
    """For argparse, which fills in what follows a percent sign."""
    return text.replace("%", "%%")
