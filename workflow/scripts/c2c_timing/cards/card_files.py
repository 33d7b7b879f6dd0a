"""Cards are YAML files that follow a schema; their names become parts of file names."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path
from typing import Any

import yaml

from ..errors import UserError
from .schemas import explained, first_problem

# A letter, digit or _ first: no way out of a folder, no flag, no hidden file.
NAME = re.compile(r"\w[\w.+-]{0,99}")
# What is nested much deeper ends the quick parser, and Python with it; no card is.
DEEPEST = 1000


def read_card(path: Path, schema: str) -> dict[str, Any]:
    """The content of a card.

    Raises:
        UserError: the file cannot be read, its name cannot stand in file names, or it does not follow
            the schema.
    """
    if not NAME.fullmatch(path.stem):
        raise UserError(f"{path}: a card's name has only letters, digits and _ . + -; rename it")
    try:
        content = _parsed(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # ValueError: the 99th of May
        raise UserError(f"{path}: not YAML ({error})") from None
    problem = first_problem(content, schema)
    if problem:
        raise UserError(f"{path}: {explained(problem, 'the card')}")
    return content


def _parsed(text: str) -> Any:
    """By YAML's quick parser; what it cannot read, the usual one explains."""
    # A level takes a bracket, or a column at the beginning of a line.
    depth = text.count("[") + text.count("{") + max(map(len, text.splitlines()), default=0)
    if depth < DEEPEST and hasattr(yaml, "CSafeLoader"):
        with contextlib.suppress(yaml.YAMLError, ValueError):
            return yaml.load(text, yaml.CSafeLoader)
    return yaml.safe_load(text)
