"""Which option a response names."""

from __future__ import annotations

import re
import unicodedata

from .first_answer import TAKEN_BACK, segments

LETTERS = list("ABCDEFGHIJ")
_END = r"(?=\s*(?:[).:,;*\]}$\n/!?。，、`\"]|$|-\s|—))"
# "A cat" holds an article and "I say" a pronoun; "A. a cat", "(A)", "A because" hold an option.
_AFTER_A = r"(?=\s+(?:because|since|as|and|or|but|is|not|for)\b)"
_WORD = r"[A-Za-z0-9_'’]"  # no Chinese: "答案是B"
_LETTER = rf"(?<!{_WORD})(?:[B-HJ](?!{_WORD})|A(?:{_AFTER_A}|{_END})|I{_END})"
LETTER = re.compile(_LETTER)
_SMALL = re.compile(r"\W*([a-j])\W*")
_OPENING = r"[\s*_(\[{$\"'`]*(?:\\(?:text|mathrm|mathbf|boxed)\{)?[\s(]*"
_NOUN = r"(?:(?:option|choice|letter|answer)\s+)?"
_EITHER = rf"{_LETTER}(?:\s*(?:or|nor|and|/)\s*{_LETTER}){{0,9}}"
_JOINED = rf"{_LETTER}(?:\s*(?:,|or|nor|and|/)\s*{_LETTER}){{0,9}}"
_AUXILIARY = r"(?:is|are|was|were|seems?|looks?|must be|would be|should be|has to be)"
DENIED = re.compile(
    rf"\b(?:not|neither|nor|rather than|instead of|except|isn't|rule out|eliminate"
    r"|(?:cannot|can't|couldn't) be"
    rf"|(?:don't|do not) (?:think|believe)(?: that| it(?:'s| is))?)\s+(?:the\s+)?"
    rf"(?:options?\s+|answers?\s+)?\W{{0,3}}{_EITHER}\W{{0,2}}"
    rf"(?:\s*{_AUXILIARY}\s+(?:right|correct|true|the (?:right |correct )?answer))?(?:,\s*(?=but))?"
    rf"|{_EITHER}\W{{0,2}}\?\s*No\b"
    rf"|(?:不是|并非|而非|不选|排除)\s*{_EITHER}"
    rf"|(?:options?\s+)?{_JOINED}\W{{0,2}}\s*{_AUXILIARY}\s+(?:\w+\s+)?(?:wrong|incorrect|false|not\b)[^,.;\n]*"
    rf"|(?:options?\s+)?{_JOINED}\W{{0,2}}\s*(?:isn't|aren't|can(?:no|')t)\b[^,.;\n]*",
    re.IGNORECASE | re.ASCII,
)
# Most trustworthy first; each is followed by the letter.
CUES = [
    re.compile(rf"\\boxed\s*\{{{_OPENING}(?=[A-J]\W)"),
    re.compile(r"(?i:answer|option|choice|result)(?i:[\s*_]*[:：=]|\s+(?i:is|would be|must be|should be)\b"
               r"(?:[^.,;\n]{0,40}:)?)"),
    re.compile(r"答案\s*(?:应该|应|就)?\s*[是为选]?\s*[:：]?|(?:应|该|我)?选(?:择|项)?\s*[是为]?\s*[:：]?"),
    re.compile(r"(?i)\b(?:choose|select|pick|go with|opt for|i(?:'d)? say|think|believe|guess|bet)\b"
               r"(?:\s+(?:that|it(?:'s| is)?|on))*"),
]  # fmt: skip
RIGHT = re.compile(
    rf"({_LETTER})\W{{0,3}}\s*{_AUXILIARY}\s+(?:\w+\s+)?(?:right|correct|true|best)\b"
)


def letter_of(response: str) -> str | None:
    """The option letter that a response names first; None if it names none, or several at once."""
    for segment in segments(unicodedata.normalize("NFKC", response)):
        if small := _SMALL.fullmatch(segment):
            return small[1].upper()
        text = DENIED.sub(" ~ ", segment)
        found = _opening(text) or _cued(text) or _other(text)
        if found:
            return found if len(found) == 1 else None
    return None


def _opening(text: str) -> str | None:
    """A response that begins with its letter: "B", "(B)", "**B. a pole**", "B because"."""
    match = re.match(rf"{_OPENING}(?:[Oo]ption\s+|[Cc]hoice\s+)?({_JOINED})", text)
    return _all(match[1]) if match else None


def _cued(text: str) -> str | None:
    for cue in CUES:
        matches = list(cue.finditer(text))
        for place in range(len(matches) - 1, 0, -1):
            if TAKEN_BACK.search(text, matches[place - 1].start(), matches[place].start()):
                matches = matches[place:] + matches[:place]
                break
        for match in matches:
            rest = re.split(
                r"[.!?]\s|\n\s*\n", text[match.end() : match.end() + 500].lstrip(" \n*_")
            )[0]
            small = re.match(r"[\s*_(\[]*([a-j])(?=[).*\]]|\s*$)", rest)
            direct = re.match(rf"{_OPENING}{_NOUN}{_OPENING}({_JOINED})", rest)
            if direct or small:
                return _all(direct[1]) if direct else small[1].upper()  # type: ignore[index]
            if later := re.search(_JOINED, rest):
                return _all(later[0])
    return None


def _other(text: str) -> str | None:
    if match := RIGHT.search(text):
        return match[1]
    match = re.search(_JOINED, text)
    return _all(match[0]) if match else None


def _all(joined: str) -> str:
    """The different letters of "A", "A or B", "A, B"."""
    return "".join(dict.fromkeys(LETTER.findall(joined)))
