"""A quick yes to values that all fit their schema: for a million records, which nearly all fit.

What is no yes is no refusal: ``schemas.first_problem`` says what is wrong, if anything is. So a quick
check knows only some of a schema's words, and says yes to nothing that has others.

Values are looked at together: of all that stand at one place the types, the least number and the
largest. One by one the calls would take longer than the looking.
"""

from __future__ import annotations

import functools
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain
from typing import Any

from .schemas import validator

# Whole numbers that tables can hold; beyond them a float, too, is looked at more closely.
LEAST, MOST = -(2**63), 2**63 - 1
ANNOTATIONS = {"$schema", "title", "description"}
KNOWN_WORDS = {
    *ANNOTATIONS,
    *("type", "enum", "minimum", "required", "properties", "additionalProperties", "items"),
}
TYPES = {
    "string": (str,), "boolean": (bool,), "null": (type(None),), "integer": (int,),
    "number": (int, float), "object": (dict,), "array": (list,),
}  # fmt: skip

Check = Callable[[Sequence[Any]], bool]


@functools.cache
def quick_check(schema: str) -> Check:
    """Whether all of some values surely fit the schema of this file name."""
    return _check(validator(schema).schema)


def _check(schema: Mapping[str, Any]) -> Check:
    """Of all values at one place."""
    if set(schema) <= ANNOTATIONS:
        return lambda values: True
    kinds, deeper = _kinds(schema), _deeper(schema)

    def check(values: Sequence[Any]) -> bool:
        found = set(map(type, values))
        if not found <= kinds:
            return False
        for own, of_own in deeper:
            if not own.isdisjoint(found):
                is_all = found <= own
                if not of_own(values if is_all else [v for v in values if type(v) in own]):
                    return False
        return True

    return check


def _kinds(schema: Mapping[str, Any]) -> set[type]:
    """Types that a value may have; none where only a closer look tells."""
    if not set(schema) <= KNOWN_WORDS:
        return set()
    names = schema.get("type", list(TYPES))
    kinds = {
        kind for name in ([names] if isinstance(names, str) else names) for kind in TYPES[name]
    }
    if "enum" not in schema:
        return kinds
    # 1, 1.0 and true are equal to Python: only among texts does a quick look tell.
    return kinds & {str} if all(type(value) is str for value in schema["enum"]) else set()


def _deeper(schema: Mapping[str, Any]) -> list[tuple[set[type], Check]]:
    """What is left to be looked at in values of some types."""
    least = max(schema.get("minimum", LEAST), LEAST)
    found: list[tuple[set[type], Check]] = [
        ({int, float}, lambda values: _are_numbers(values, least))
    ]
    if "enum" in schema:
        found.append(({str}, frozenset(schema["enum"]).issuperset))
    if "items" in schema:
        items = _check(schema["items"])
        found.append(({list}, lambda values: items(list(chain.from_iterable(values)))))
    found.append(({dict}, _objects(schema)))
    return found


def _are_numbers(values: Sequence[Any], least: float) -> bool:
    """Whether no number is infinite, none is nan, and none is too small, or too large for a table."""
    try:
        # Whatever is added to infinity or nan, the sum is no number again.
        return min(values) >= least and max(values) <= MOST and math.isfinite(sum(values))
    except OverflowError:
        return False


def _objects(schema: Mapping[str, Any]) -> Check:
    own, others = (schema.get(word, {}) for word in ("properties", "additionalProperties"))
    if not isinstance(others, dict):
        return lambda objects: False
    required = set(schema.get("required", ()))
    of_others = _check(others)
    checks = {key: _check(each) for key, each in own.items()}

    def fit(names: Iterable[str], columns: Iterable[Sequence[Any]]) -> bool:
        return required.issubset(names) and all(
            checks.get(name, of_others)(column) for name, column in zip(names, columns, strict=True)
        )

    def check(objects: Sequence[dict[str, Any]]) -> bool:
        alike = defaultdict(list)
        for each in objects:
            alike[tuple(each)].append(each.values())
        return all(fit(names, zip(*rows, strict=True)) for names, rows in alike.items())

    return check
