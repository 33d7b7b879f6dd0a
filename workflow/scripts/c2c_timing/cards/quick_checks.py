"""A quick yes to a value that fits its schema: for a million records, which nearly all fit.

What is no yes is no refusal: ``schemas.first_problem`` says what is wrong, if anything is. So a quick
check knows only some of a schema's words, and says yes to nothing that has others.

Values of equal keys and types pass through the same checks, so that these are put together once for
all of them; what is left to look at in each value is the size of its numbers and what lies deeper.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any

from .schemas import validator

# Whole numbers that tables can hold; beyond them a float, too, is looked at more closely.
LEAST, MOST = -(2**63), 2**63 - 1
# Objects of ever new keys would fill the memory with their shapes.
MOST_SHAPES = 10_000
ANNOTATIONS = {"$schema", "title", "description"}
KNOWN_WORDS = {
    *ANNOTATIONS,
    *("type", "enum", "minimum", "required", "properties", "additionalProperties", "items"),
}
TYPES = {
    "string": (str,), "boolean": (bool,), "null": (type(None),), "integer": (int,),
    "number": (int, float), "object": (dict,), "array": (list,),
}  # fmt: skip
NUMBERS = frozenset((int, float))

Check = Callable[[Any], bool]


@functools.cache
def quick_check(schema: str) -> Check:
    """Whether a value surely fits the schema of this file name."""
    return _check(validator(schema).schema)


def _check(schema: Mapping[str, Any]) -> Check:
    """Of any value, by its type."""
    of_type = {kind: _of_type(schema, kind) for kinds in TYPES.values() for kind in kinds}

    def check(value: Any) -> bool:
        within = of_type.get(type(value))
        return within is not None and within(value)

    return check


def _of_type(schema: Mapping[str, Any], kind: type) -> Check | None:
    """What is left to be looked at in a value of this type; None where the type does not fit."""
    if not _says(schema):
        return lambda value: True
    if not _may_be(schema, kind):
        return None
    if kind in NUMBERS:
        least = schema.get("minimum", LEAST)
        return lambda value: max(least, LEAST) <= value <= MOST
    if kind is dict:
        return _Objects(schema)
    if kind is list:
        return _list_check(schema.get("items"))
    if "enum" in schema:
        return frozenset(schema["enum"]).__contains__
    return lambda value: True


def _says(schema: Mapping[str, Any]) -> bool:
    """Whether a schema asks for anything."""
    return not set(schema) <= ANNOTATIONS


def _may_be(schema: Mapping[str, Any], kind: type) -> bool:
    if not set(schema) <= KNOWN_WORDS:
        return False
    names = schema.get("type", list(TYPES))
    names = [names] if isinstance(names, str) else names
    if kind not in {each for name in names for each in TYPES[name]}:
        return False
    # 1, 1.0 and true are equal to Python: only among texts does a quick look tell.
    return "enum" not in schema or (kind is str and all(type(v) is str for v in schema["enum"]))


def _list_check(items: Mapping[str, Any] | None) -> Check:
    if items is None:
        return lambda value: True
    if set(items) <= {"type", "description"} and items.get("type") == "number":
        return lambda value: _are_numbers(value) if value else True
    check = _check(items)
    return lambda value: all(check(each) for each in value)


def _are_numbers(values: Sequence[Any]) -> bool:
    return NUMBERS.issuperset(map(type, values)) and _are_finite(values)


def _are_finite(numbers: Sequence[Any]) -> bool:
    """Whether no number is infinite, none is nan, and none is too large for a table."""
    try:
        # Whatever is added to infinity or nan, the sum is no number again.
        return math.isfinite(sum(numbers)) and min(numbers) >= LEAST and max(numbers) <= MOST
    except OverflowError:
        return False


class _Objects:
    """Objects; those of equal keys and types share their checks."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._schema = schema
        self._shapes: dict[tuple, Check | None] = {}

    def __call__(self, value: dict[str, Any]) -> bool:
        values = tuple(value.values())
        shape = (*value, *map(type, values))
        if shape not in self._shapes:
            if len(self._shapes) > MOST_SHAPES:
                self._shapes.clear()
            self._shapes[shape] = self._of_shape(list(value), [*map(type, values)])
        check = self._shapes[shape]
        return check is not None and check(values)

    def _of_shape(self, keys: Sequence[str], kinds: Sequence[type]) -> Check | None:
        """Of the values of such an object; None where keys or types do not fit."""
        own, others = (
            self._schema.get(word, {}) for word in ("properties", "additionalProperties")
        )
        if not isinstance(others, dict) or not {*self._schema.get("required", ())} <= {*keys}:
            return None
        numbers: list[int] = []
        least: dict[float, list[int]] = {}
        deeper: list[tuple[int, Check]] = []
        for place, (key, kind) in enumerate(zip(keys, kinds, strict=True)):
            schema = own.get(key, others)
            check = _of_type(schema, kind)
            if check is None:
                return None
            if kind in NUMBERS and _says(schema):
                numbers.append(place)
                if "minimum" in schema:
                    least.setdefault(schema["minimum"], []).append(place)
            elif kind in (dict, list) or "enum" in schema:
                deeper.append((place, check))
        return _together(numbers, least, deeper)


def _together(
    numbers: Iterable[int],
    least: Mapping[float, Iterable[int]],
    deeper: Iterable[tuple[int, Check]],
) -> Check:
    """One check of an object's values: all numbers at once, then what is left one by one."""
    of_numbers = _places(numbers)
    of_least = [(minimum, _places(places)) for minimum, places in least.items()]
    checks = [(check, place) for place, check in deeper]

    def check(values: Sequence[Any]) -> bool:
        if of_numbers is not None and not _are_finite(of_numbers(values)):
            return False
        for minimum, places in of_least:
            if min(places(values)) < minimum:
                return False
        for check, place in checks:  # noqa: SIM110 (of a generator each step costs as much as a check)
            if not check(values[place]):
                return False
        return True

    return check


def _places(places: Iterable[int]) -> Any:
    """What takes the values at these places, as a tuple; None of no places."""
    places = list(places)
    # Of a single place itemgetter would give the value itself: the same one twice changes no sum's end.
    return itemgetter(*places, *places[:1]) if places else None
