"""Repeatable random choice, and the filling of sentence forms."""

import random
import re
from collections.abc import Mapping, Sequence
from typing import TypeVar

Item = TypeVar("Item")


def sentence_case(text: str) -> str:
    """Return the text with a capital at the start of it and of each of its sentences."""
    return re.sub(r"(^|[.!?] |\n)([a-z])", lambda match: match[1] + match[2].upper(), text)


class Chance:
    """Draws from a seed.

    Only ``random.random()`` is used, the one method whose sequence Python promises to keep, so
    that the files made from a seed stay the same in every version.
    """

    def __init__(self, seed: str):
        self._random = random.Random(seed)

    def number(self, low: int, high: int) -> int:
        """Return an integer from low to high, both included."""
        return low + int(self._random.random() * (high - low + 1))

    def pick(self, items: Sequence[Item]) -> Item:
        """Return one of the items."""
        return items[self.number(0, len(items) - 1)]

    def shuffled(self, items: Sequence[Item]) -> list[Item]:
        """Return all items in random order."""
        rest = list(items)
        return [rest.pop(self.number(0, len(rest) - 1)) for _ in items]

    def some(self, items: Sequence[Item], count: int) -> list[Item]:
        """Return `count` different items in random order."""
        return self.shuffled(items)[:count]

    def fill(
        self,
        form: str,
        slots: Mapping[str, Sequence[str]],
        fixed: Mapping[str, str] | None = None,
    ) -> str:
        """Fill the {slots} of sentences: fixed values first, else unused words of the list."""
        return sentence_case(self.fill_code(form, slots, fixed))

    def fill_code(
        self,
        form: str,
        slots: Mapping[str, Sequence[str]],
        fixed: Mapping[str, str] | None = None,
    ) -> str:
        """Fill {slots} as `fill` does, but leave capitals as they are."""
        fixed = fixed or {}
        used: set[str] = set(fixed.values())

        def value(match: re.Match) -> str:
            name = match[1]
            if name in fixed:
                return fixed[name]
            free = [word for word in slots[name] if word not in used] or list(slots[name])
            word = self.pick(free)
            used.add(word)
            return word

        return re.sub(r"\{(\w+)\}", value, form)


class Deck:
    """Deals forms in random order and starts over only when all of them have been used."""

    def __init__(self, chance: Chance, forms: Sequence[str]):
        self._chance = chance
        self._forms = forms
        self._left: list[str] = []

    def deal(self) -> str:
        """Return the next form."""
        if not self._left:
            self._left = self._chance.shuffled(self._forms)
        return self._left.pop()
