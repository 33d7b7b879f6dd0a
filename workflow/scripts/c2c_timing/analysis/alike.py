"""What many records have in common, found once for all of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

NESTED = ("model_config", "timing")


@dataclass(frozen=True, eq=False, slots=True)
class Keys:
    """Keys of a record in their order: one object for all records that have the same.

    Attributes:
        columns: flat, those of ``model_config`` and of ``timing`` last.
        clash: one that names two columns, else None.
    """

    columns: tuple[str, ...]
    clash: str | None

    @classmethod
    def of(cls, record: dict[str, Any]) -> Keys:
        """Of one such record."""
        config, timing = record["model_config"], record["timing"]
        own = [key for key in record if key not in NESTED]
        clash = {key for key in record if key in timing or key.startswith("model_config.")}
        columns = (*own, *(f"model_config.{key}" for key in config), *timing)
        return cls(columns, min(clash, default=None))


class Alike:
    """The keys of records, and their ``model_config``.

    Attributes:
        configs: the distinct ones.
    """

    def __init__(self) -> None:
        self.configs: list[dict[str, Any]] = []
        self._configs: dict[tuple | str, int] = {}
        self._keys: dict[tuple, Keys] = {}

    def keys(self, record: dict[str, Any]) -> Keys:
        """Those of a record."""
        names = (*record, None, *record["model_config"], None, *record["timing"])
        found = self._keys.get(names)
        if found is None:
            found = self._keys[names] = Keys.of(record)
        return found

    def config(self, record: dict[str, Any]) -> int:
        """The place of a record's ``model_config``."""
        config = record["model_config"]
        try:
            told: tuple | str = (*config.items(),)
            place = self._configs.get(told)
        except TypeError:  # a list or an object in it
            place = self._configs.get(told := repr(sorted(config.items())))
        if place is None:
            place = self._configs[told] = len(self.configs)
            self.configs.append(config)
        return place
