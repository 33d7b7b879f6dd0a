"""Results that are missing behind others that are there.

Snakemake makes a missing file again only where it is a target itself, or where something that needs it
has to be made: a deleted shard behind a table that is there goes unnoticed.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import Any

# What a shard is timed from is no result: whether that is there, its own job sees. In a module its name
# may begin otherwise.
SHARD_RULE = "time_shard"


def unnoticed(rules: Iterable[Any]) -> list[str]:
    """Files that Snakemake's rules make, and that are missing although what is made of them is there."""
    makers = _Makers(rules)
    missing: set[str] = set()
    # Of each rule that was met, what it reads: with ten thousand shards looked up once.
    met: dict[str, list[str]] = {}
    done: set[str] = set()
    todo = makers.all_files()
    while todo:
        file = todo.pop()
        rule = makers.maker(file)
        if rule is None or rule.name.endswith(SHARD_RULE) or rule.name in done:
            continue
        if rule.name not in met:
            met[rule.name] = makers.sources_of(rule)
            todo += met[rule.name]
        if os.path.exists(file):  # noqa: PTH110 (of very many files)
            missing |= {path for path in met[rule.name] if not os.path.exists(path)}  # noqa: PTH110
            done.add(rule.name)
    return sorted(missing)


class _Makers:
    """Which rule makes a file, and of what."""

    def __init__(self, rules: Iterable[Any]) -> None:
        self._rules = [rule for rule in rules if rule.output]
        self._by_file = {str(file): rule for rule in self._rules for file in rule.output}
        self._patterns = [
            (name, rule) for rule in self._rules for name in rule.output if name.contains_wildcard()
        ]

    def all_files(self) -> list[str]:
        """What the rules make; patterns stand for themselves, what fits them is found as a source."""
        return [str(file) for rule in self._rules for file in rule.output]

    def sources_of(self, rule: Any) -> list[str]:
        """What a rule reads, as far as rules make that."""
        return [source for source in _plain(rule.input) if self.maker(source)]

    def maker(self, file: str) -> Any:
        """The rule that makes a file; None where it is none's."""
        if file not in self._by_file:
            matching = (rule for name, rule in self._patterns if name.match(file))
            self._by_file[file] = next(matching, None)
        return self._by_file[file]


def _plain(files: Sequence[Any]) -> list[str]:
    return [str(file) for file in files if not callable(file)]
