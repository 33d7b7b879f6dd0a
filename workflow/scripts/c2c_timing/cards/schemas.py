"""Checking against the JSON schemas of ``workflow/schemas``, with numbers that mean what they say."""

from __future__ import annotations

import functools
import math
from typing import Any

import jsonschema
import yaml

from ..errors import one_line
from ..places import SCHEMAS


def first_problem(value: Any, schema: str) -> tuple[str, jsonschema.ValidationError] | None:
    """Where a value leaves a schema (dotted keys; empty for the whole), and how; None where it does not."""
    errors = validator(schema).iter_errors(value)
    error = jsonschema.exceptions.best_match(errors, key=_relevance)
    return (".".join(map(str, error.absolute_path)), error) if error else None


def _relevance(error: jsonschema.ValidationError) -> tuple:
    """jsonschema's own, with places as texts: YAML has keys (none, numbers) that no text compares with."""
    depth, place, *others = jsonschema.exceptions.relevance(error)
    return depth, [str(part) for part in place], *others


def explained(problem: tuple[str, jsonschema.ValidationError], whole: str) -> str:
    """A problem for a message; ``whole`` is what the value is called."""
    where, error = problem
    return f"{where or whole}: {one_line(error.message)[:300]}"


@functools.cache
def validator(schema: str) -> jsonschema.Draft202012Validator:
    """Of a schema's file name. Unlike usual, 8.0 is no integer, and nan and infinity are no numbers."""
    usual = jsonschema.Draft202012Validator
    types = usual.TYPE_CHECKER.redefine("integer", _is_integer).redefine("number", _is_number)
    strict = jsonschema.validators.extend(usual, type_checker=types)
    return strict(yaml.safe_load((SCHEMAS / schema).read_text(encoding="utf-8")))


def _is_integer(checker: object, value: object) -> bool:
    if not isinstance(value, int) or isinstance(value, bool):
        return False
    return -(2**63) <= value < 2**63  # what tables and torch can hold


def _is_number(checker: object, value: object) -> bool:
    is_finite = isinstance(value, float) and math.isfinite(value)
    return is_finite or _is_integer(checker, value)
