"""What counts of a response: the first answer, not what a model goes on to invent after it."""

from __future__ import annotations

import itertools
import re

LONGEST = 2000  # characters after an announcement in which its answer is looked for
# Where a base model begins to write the next exercise of its book.
NEXT_TASK = re.compile(
    r"(?<![\w\"'])(?:[*#_]*(?:Question|Problem|Exercise|Q)\s*\d*[*_]*\s*[:：]"
    r"|(?:^|\n)\W*(?:Human|User|Assistant|Instruction)\W*:|(?:^|\n)\s*(?:问题|题目)\s*\d*\s*[:：]"
    r"|<\|[^\n|]*\|>|(?:^|\n)\s*(?:Solve this problem|Answer the following)\b)"
)
LABEL = r"(?:(?:final|correct|right|best)\s+)*(?:answer|result)(?:\s+to\s+[^.\n:]{1,60})?"
STRONG = re.compile(
    rf"####|(?<![\w-]){LABEL}[\s*_]*[:：][\s*_]*|(?:最终)?答案\s*[:：]|(?:最终)?答案(?:应该|应)?[是为]",
    re.IGNORECASE,
)
WEAK = re.compile(
    rf"(?<![\w-]){LABEL}\s+(?:is|would be|must be|should be|=)[\s:*_]*", re.IGNORECASE
)
TAKEN_BACK = re.compile(
    r"\b(?:wait|actually|sorry|correction|mistake|let me (?:re|check|try))", re.IGNORECASE
)
BOXED = re.compile(r"\\(?:boxed|fbox)\s*\{")


def segments(response: str) -> list[str]:
    """The response without thoughts, cut where another task begins; empty pieces left out."""
    text = response.rpartition("</think>")[2].partition("<think>")[0]
    places = [0, *(match.start() for match in NEXT_TASK.finditer(text)), len(text)]
    pieces = (text[a:b].strip() for a, b in itertools.pairwise(places))
    return [piece for piece in pieces if piece]


def named(segment: str) -> list[str]:
    """What follows the words that announce an answer, the most trustworthy first.

    An answer in a box and one behind ``Answer:`` or ``####`` come ahead of one behind "the answer is";
    the first counts, or the last that takes an earlier one back.
    """
    boxes = [(m.start(), box) for m in BOXED.finditer(segment) if (box := braced(segment, m.end()))]
    strong = [(m.start(), segment[m.end() : m.end() + LONGEST]) for m in STRONG.finditer(segment)]
    weak = [(m.start(), segment[m.end() : m.end() + LONGEST]) for m in WEAK.finditer(segment)]
    ordered = [_standing(segment, sorted(found)) for found in (boxes + strong, weak)]
    return [text for found in ordered for text in found]


def _standing(segment: str, found: list[tuple[int, str]]) -> list[str]:
    """Answers in their order, but one that takes back what was said before it moves to the front."""
    for place in range(len(found) - 1, 0, -1):
        if TAKEN_BACK.search(segment, found[place - 1][0], found[place][0]):
            found = found[place:] + found[:place]
            break
    return [text for _, text in found]


def braced(text: str, start: int) -> str | None:
    """What stands between a brace that opened just before ``start`` and its partner."""
    depth = 1
    for place in range(start, min(len(text), start + LONGEST)):
        depth += {"{": 1, "}": -1}.get(text[place], 0)
        if depth == 0:
            return text[start:place]
    return None


def clause(text: str) -> str:
    """The first line that says something, up to the end of its first sentence."""
    line = next((line for line in text.split("\n") if line.strip(" \t*_$\\[]()")), "")
    return re.split(r"(?<!\\)[.!?][*_]*\s+(?=\S)|[。！？]", line.strip())[0]
