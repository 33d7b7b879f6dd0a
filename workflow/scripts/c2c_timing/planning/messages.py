"""What is wrong with a config, in one line: with its key, and the choices."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

import jsonschema


def unknown(what: str, name: object, choices: Iterable[str]) -> str:
    """A name that is none of the choices; the closest one is offered."""
    choices = list(choices)
    close = difflib.get_close_matches(str(name), choices, n=1)
    hint = f"; did you mean {close[0]}?" if close else ""
    return f"config: unknown {what} {name!r}{hint} (choices: {', '.join(choices)})"


def off_schema(where: str, error: jsonschema.ValidationError) -> str:
    """A value that leaves the schema; ``where`` is its key, empty for the whole config."""
    return f"config: {where or 'config'}: {_readable(error)}"


def _readable(error: jsonschema.ValidationError) -> str:
    if error.validator == "enum":
        choices = ", ".join(
            "null" if value is None else str(value) for value in error.validator_value
        )
        return f"{error.instance!r} is not one of the choices: {choices}"
    if error.validator == "anyOf" and all(each.validator == "type" for each in error.context):
        kinds = " or ".join(str(branch.get("type")) for branch in error.validator_value)
        return f"{error.instance!r} is not {kinds}"[:300]
    return error.message[:300]
