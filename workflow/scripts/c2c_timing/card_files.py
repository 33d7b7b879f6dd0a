"""Cards are YAML files that follow a schema; their names become parts of file names."""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from .errors import UserError

# A letter, digit or _ first: no way out of a folder, no flag, no hidden file.
NAME = re.compile(r"\w[\w.+-]{0,99}")


def read_card(path: Path, schema: Path) -> dict[str, Any]:
    """The content of a card.

    Raises:
        UserError: the file cannot be read, its name cannot stand in file names, or it does not follow
            the schema.
    """
    if not NAME.fullmatch(path.stem):
        raise UserError(f"{path}: a card's name has only letters, digits and _ . + -; rename it")
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # ValueError: the 99th of May
        raise UserError(f"{path}: not YAML ({error})") from None
    error = jsonschema.exceptions.best_match(_validator(schema).iter_errors(content))
    if error:
        where = ".".join(str(part) for part in error.absolute_path) or "the card"
        raise UserError(f"{path}: {where}: {error.message[:300]}")
    return content


@functools.cache
def _validator(schema: Path) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(yaml.safe_load(schema.read_text(encoding="utf-8")))
