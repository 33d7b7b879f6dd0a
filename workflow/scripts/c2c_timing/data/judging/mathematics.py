"""Whether a response gives a number or a formula; values are compared by math-verify."""

from __future__ import annotations

import re

from .first_answer import BOXED, braced, clause, named, segments
from .library import same_mathematics
from .plain_math import UPRIGHT, to_latex, without_thousands

LONGEST = 500  # characters; whatever is longer is no answer
NUMBER = re.compile(
    r"-?\s?\\[dt]?frac\{-?\d+\}\{\d+\}|-?(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d{1,3}(?!\w))?"
    r"(?:\s?/\s?\d+(?![\w.]))?(?:\s?\\?%)?"
)
CURRENCY = r"(?:US|USD|C|A)?\\?[$€£¥₹]"
_TERM = r"[\s$(]*\d[\d.]*\s?%?\)?(?: ?[A-Za-z]{1,12})?\)?\s*"
SUM = re.compile(
    rf"(?:[A-Za-z ]{{0,30}}|(?:{_TERM}(?:[+\-*/×÷·^]|\\times|\\cdot|\\div)){{0,12}}{_TERM})="
)
MATHS = re.compile(r"\$\$(.+?)\$\$|(?<!\\)\$(.+?)(?<!\\)\$|\\\[(.+?)\\\]|\\\((.+?)\\\)", re.DOTALL)
# A quantity with words behind it: "5.4 cents", "15 cm^2", "x + 1 square units".
WITH_UNIT = re.compile(
    rf"(.*?[\d)}}\]])(?:\s|\\[,; ])*(?:{UPRIGHT}\s*([^}}]*)\}}\S*"
    r"|(?<=[\d)}\]\s])([A-Za-z][A-Za-z]+(?:[ /-][A-Za-z]+)*)[^\s\w]?\S{0,4})",
    re.DOTALL,
)
UNITS = {
    "cm": "centimeter", "mm": "millimeter", "m": "meter", "km": "kilometer", "in": "inch", "inche": "inch",
    "ft": "foot", "feet": "foot", "yd": "yard", "mi": "mile", "g": "gram", "kg": "kilogram", "lb": "pound",
    "s": "second", "sec": "second", "min": "minute", "h": "hour", "hr": "hour", "sq": "square", "dollar": "$",
    "centimetre": "centimeter", "metre": "meter", "degree": "",
}  # fmt: skip
POWERS = {"2": "square", "3": "cubic"}


def number_of(response: str) -> str | None:
    """The number that a response gives first as its answer, else the last of its first task."""
    for segment in segments(response):
        plain = _plain(segment)
        for text in named(plain):
            if number := _first_number(text):
                return number
        if numbers := NUMBER.findall(plain):
            return numbers[-1]
    return None


def is_number(gold: str, response: str) -> bool | None:
    """Whether a response gives this number; None where the two could not be compared."""
    number = number_of(response)
    if number is None or len(number) > LONGEST:
        return False
    return number == gold or same_mathematics(gold, (to_latex(number),))


def is_formula(gold: str, response: str) -> bool | None:
    """Whether a response gives this formula, number or text; None where nobody can tell."""
    answer = next(filter(None, map(_readings, segments(response))), [])
    answer = [reading for reading in answer if len(reading) <= LONGEST]
    if any(normalise(reading) == normalise(gold) for reading in answer):
        return True
    if not answer or is_text(gold):
        return False
    right, unit = _and_unit(_formula(gold))
    readings = [_and_unit(_formula(reading)) for reading in answer]
    fitting = [text for text, other in readings if not unit or not other or unit == other]
    return same_mathematics(right, tuple(dict.fromkeys(fitting))) if fitting else False


def is_text(gold: str) -> bool:
    """Whether an answer is words, which must not be read as products of their letters."""
    bare = normalise(gold)
    if re.fullmatch(rf"\s*{UPRIGHT}[^}}]*\}}\s*", gold):
        return not re.search(r"\d", bare)
    return re.fullmatch(r"[^\W\d_]{3,}", bare) is not None and "\\" not in gold


def normalise(text: str) -> str:
    """A text without what two writings of the same answer may differ in."""
    text = re.sub(rf"{UPRIGHT}([^}}]*)\}}", r"\1", str(text).strip())
    text = re.sub(r"\\boxed\{(.*)\}", r"\1", text)
    text = text.replace(r"\left", "").replace(r"\right", "").replace(r"\dfrac", r"\frac")
    text = re.sub(r"[\s$]+", "", text.strip(" \t\n*_`\"'“”‘’")).strip(".。*_`\"'“”‘’").casefold()
    return re.sub(r"^\((\w)\)$", r"\1", text)


def _plain(text: str) -> str:
    """Numbers without commas, currencies, markdown and typographic signs."""
    text = without_thousands(text.replace("−", "-").replace("–", "-").replace("％", "%"))
    return re.sub(rf"{CURRENCY}(?=\s?[-\d.])|(?<=-){CURRENCY}(?=\d)", "", text).replace("**", "")


def _first_number(text: str) -> str | None:
    """The number that an announced answer begins with or comes to; None where its line has none."""
    line = clause(text)
    begin = line.lstrip(" *_$`([{~≈\\").removeprefix("boxed{")
    if match := SUM.match(begin):
        begin = begin[match.end() :].lstrip(" *_$`([{~≈")
        while match := re.match(r"[\s\d.+\-*/×÷()]*=\s*\$?", begin):
            begin = begin[match.end() :]
    if match := NUMBER.match(begin):
        return match[0]
    numbers = NUMBER.findall(line) or NUMBER.findall(text.strip().split("\n")[0])
    return numbers[-1] if numbers else None


def _readings(segment: str) -> list[str]:
    """How the answer of a piece of text may be meant; empty where it gives none."""
    for text in named(segment):
        if readings := _announced(text):
            return readings
    if maths := [next(filter(None, groups)) for groups in MATHS.findall(segment)]:
        return [maths[-1], segment.strip().split("\n")[-1]]
    last = segment.strip().split("\n")[-1].strip()
    numbers = NUMBER.findall(_plain(last))
    loose = [] if NUMBER.match(_plain(last)) else numbers[-1:]
    return [last, *(part for part in [last.rpartition("=")[2].strip()] if part), *loose]


def _announced(text: str) -> list[str]:
    """Readings of what stands behind "Answer:": the mathematics it begins with, and its sentence."""
    text = text.strip(" \t\n*_`:")
    readings = [clause(text)]
    if match := MATHS.match(text):
        content = next(filter(None, match.groups()))
        rest = text[match.end() :].lstrip(" *.").split("\n")[0]
        listed = re.match(r"(?:,|and\b|or\b)\s*[$\\]", rest)
        readings = [readings[0].replace("$", "")] if listed else [content, readings[0]]
    elif maths := MATHS.search(readings[0]):
        readings.append(next(filter(None, maths.groups())))
    if verb := re.search(r"^[A-Z][^\\$]*\s(?:is|are|equals)\s+(.+)", readings[0]):
        readings.append(verb[1])
    boxes = (braced(text, m.end()) for m in BOXED.finditer(text.split("\n")[0]))
    readings += filter(None, boxes)
    return [reading.strip(" \t*_`") for reading in readings if reading.strip(" \t*_`$.")]


def _formula(text: str) -> str:
    """A reading as LaTeX without dollar signs, markdown and the full stop."""
    text = re.sub(rf"{CURRENCY}(?=\s?[-\d.])", "", text.strip()).replace("$", "")
    text = re.sub(r"\\[\[\]()]", "", text).replace("\\left", "").replace("\\right", "")
    if not re.match(r"\s*(?:[(\[]|\\\{)", text):  # "(1,200)" is a pair
        text = without_thousands(text)
    text = text.strip(" *_`").rstrip(".。,;").replace("\\displaystyle", "")
    text = re.sub(r"(?<=[\w)}\s])(?:\band\b|\bor\b)(?=[\s\w(\\-])", ",", text)
    return to_latex(text)


def _and_unit(latex: str) -> tuple[str, str]:
    """A quantity and its unit in one spelling; no unit where none is written."""
    match = WITH_UNIT.fullmatch(latex)
    if not match:
        return latex, ""
    words = re.findall(r"[a-z]+", (match[2] or match[3]).casefold())
    raised = re.search(r"\^\{?([23])", latex[match.end(1) :])
    words = [POWERS[raised[1]], *words] if raised else words
    names = (word if len(word) < 3 else word.removesuffix("s") for word in words)
    return match[1], " ".join(filter(None, (UNITS.get(name, name) for name in names)))
