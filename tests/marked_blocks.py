"""The code blocks of a page, and what the mark above each says of running it.

A mark is an HTML comment on the line above the block, which readers of the page do not see:

- ``<!-- run -->``: a test runs the block as it stands, in a small copy of the project with results;
- ``<!-- run with: FLAGS -->``: the same, with these flags after each command, so that it is soon done;
- ``<!-- not run: WHY -->``.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from folders import ROOT
from markdown_it import MarkdownIt

PAGES = [
    *(ROOT / name for name in ("README.md", "README.zh-CN.md", "CONTRIBUTING.md")),
    *sorted((ROOT / "docs").glob("*.md")),
]
# What a reader may run; blocks of anything else show files, or what a command prints.
RUNNABLE = {"sh", "python"}
SHOWN = {"text", "yaml", "json"}
# What flags of a mark are for.
TAKE_FLAGS = ("python ", "snakemake ", "./run_all_benchmarks.sh")
MARK = re.compile(r"<!-- (?:(run)|run with: (.+)|not run: (.+)) -->")
PARSER = MarkdownIt("commonmark").enable("table")


@dataclass(frozen=True)
class Block:
    """A block of code.

    Attributes:
        language: what stands behind the fence; empty for an indented block.
        mark: the comment above; None without one.
    """

    page: Path
    line: int
    language: str
    text: str
    mark: str | None

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"

    @property
    def is_run(self) -> bool:
        found = self.mark and MARK.fullmatch(self.mark)
        return bool(found and not found[3])

    @property
    def is_marked(self) -> bool:
        return bool(self.mark and MARK.fullmatch(self.mark))

    def commands(self) -> Iterator[str]:
        """The commands of a shell's block: continued lines put together, the mark's flags behind.

        A block of another language is one.
        """
        if self.language != "sh":
            yield self.text
            return
        found = MARK.fullmatch(self.mark or "")
        flags = f" {found[2]}" if found and found[2] else ""
        lines = self.text.replace("\\\n", " ").splitlines()
        while lines:
            command = lines.pop(0)
            while (words := words_of(command)) is None:  # within quotes
                command += f"\n{lines.pop(0)}"
            if words:
                yield command + (flags if command.startswith(TAKE_FLAGS) else "")


def words_of(command: str) -> list[str] | None:
    """The words of a shell's line without its comment; None where a quotation goes on."""
    try:
        return shlex.split(command, comments=True)
    except ValueError:
        return None


def blocks(page: Path) -> list[Block]:
    """All blocks of a page, in its order."""
    found, above = [], None
    for token in PARSER.parse(page.read_text(encoding="utf-8")):
        if token.type in ("fence", "code_block"):
            language = token.info.strip()
            line = token.map[0] + 1
            found.append(Block(page, line, language, token.content, above))
        if token.nesting == 0:
            above = token.content.strip() if token.type == "html_block" else None
    return found
