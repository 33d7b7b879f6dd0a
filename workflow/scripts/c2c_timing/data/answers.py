"""Whether an answer is right, by the simple rule that a data set's card names.

| rule | the right answer in the row | what counts of the response |
| --- | --- | --- |
| ``index`` | position of the option, from 0 | the option's letter |
| ``checked_index`` | the same, as MMLU-Redux's ``error_type`` and ``correct_answer`` mend it | the letter |
| ``letter`` | the option's letter | the letter |
| ``label`` | the option's own label, a letter or a number | the letter of its position |
| ``number_after_hashes`` | the number after ``####`` | the number after the last ``Answer:``, else the last |
| ``exact`` | a text | the text after the last ``Answer:``, else the last line |
| ``any_of`` | a list of texts | the first line |
| ``none``, ``last_turn`` | nobody can tell | |

Letters are those that stand alone and are no word ("A cat", "I say"): after the last "answer is" or
"Answer:" where there is one, else the first of the response. Texts are compared without case, blanks,
dollar signs, ``\\boxed`` and the full stop at the end; numbers by value, without thousands commas.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

from ..cards.dataset_card import DatasetCard

LETTERS = list("ABCDEFGHIJ")
CUE = re.compile(r"answer\s*(?:is|:)", re.IGNORECASE)
ANSWER_LINE = re.compile(r"answer\s*:(.*)", re.IGNORECASE)
NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?|-?\.\d+")
# "A cat" holds an article and "I say" a pronoun; "A. a cat", "(A)" and "A" hold an option.
LETTER = re.compile(r"(?<![\w'])(?:([B-HJ])(?![\w'])|([AI])(?=\s*(?:[).:,;*\]\n]|$)))")
CUED_LETTER = re.compile(r"\W*([A-J])(?![\w'])")


def is_correct(card: DatasetCard, subject: str, row: dict[str, Any], response: str) -> bool | None:
    """Whether a response is right; None where the row or the rule cannot tell."""
    spec = card.answer_for(subject)
    judge = RULES.get(spec["rule"])
    if judge is None or row.get(spec["column"]) is None:
        return None
    try:
        return judge(row[spec["column"]], row, card, response)
    except (TypeError, ValueError, AttributeError, LookupError, OverflowError):
        return None  # the row's answer is not of the rule's kind


def _index(gold: Any, row: dict, card: DatasetCard, response: str) -> bool | None:
    place = int(gold)
    if isinstance(gold, bool) or place != float(gold) or not 0 <= place < len(LETTERS):
        return None
    return letter_of(response) == LETTERS[place]


def _checked_index(gold: Any, row: dict, card: DatasetCard, response: str) -> bool | None:
    error = str(row.get("error_type") or "ok").lower().replace(" ", "_")
    if error in ("no_correct_answer", "expert"):
        return None
    if error == "wrong_groundtruth":
        mended = str(row.get("correct_answer") or "").strip().upper()
        if not re.fullmatch(r"[A-J]|\d", mended):
            return None
        gold = int(mended) if mended.isdigit() else LETTERS.index(mended)
    return _index(gold, row, card, response)


def _letter(gold: Any, row: dict, card: DatasetCard, response: str) -> bool | None:
    return _index(LETTERS.index(gold.strip().upper()), row, card, response)


def _label(gold: Any, row: dict, card: DatasetCard, response: str) -> bool | None:
    labels = list(row[card.content["columns"][card.content["choices"]]]["label"])
    return _index(labels.index(gold), row, card, response)


def _number(gold: Any, row: dict, card: DatasetCard, response: str) -> bool | None:
    number = _value(gold.rsplit("####", 1)[1].strip())
    return number_of(response) == number if math.isfinite(number) else None


def _exact(gold: Any, row: dict, card: DatasetCard, response: str) -> bool | None:
    if not isinstance(gold, str | int | float):
        return None
    lines = ANSWER_LINE.findall(response) or response.strip().splitlines() or [""]
    return normalise(lines[-1]) == normalise(str(gold))


def _any_of(gold: Any, row: dict, card: DatasetCard, response: str) -> bool | None:
    if not isinstance(gold, list | tuple) or not gold:
        return None
    first_line = next(iter(response.strip().splitlines()), "")
    return normalise(first_line) in {normalise(text) for text in gold}


RULES: dict[str, Callable[[Any, dict, DatasetCard, str], bool | None]] = {
    "index": _index,
    "checked_index": _checked_index,
    "letter": _letter,
    "label": _label,
    "number_after_hashes": _number,
    "exact": _exact,
    "any_of": _any_of,
}


def letter_of(response: str) -> str | None:
    """The option letter that a response names; None if it names none."""
    *before, last = CUE.split(response)
    if before and (match := CUED_LETTER.match(last)):
        return match[1]
    places = [last, response] if before else [response]
    return next((m[1] or m[2] for place in places if (m := LETTER.search(place))), None)


def number_of(response: str) -> float | None:
    """The number that a response ends in; None if it has none."""
    lines = ANSWER_LINE.findall(response)
    for place in (lines[-1] if lines else "", response):
        if numbers := NUMBER.findall(place):
            return _value(numbers[-1])
    return None


def normalise(text: str) -> str:
    """A text without what two writings of the same answer may differ in."""
    text = re.sub(r"\\boxed\{(.*)\}", r"\1", str(text).strip())
    text = text.replace(r"\left", "").replace(r"\right", "").replace(r"\dfrac", r"\frac")
    return re.sub(r"[\s$]+", "", text).rstrip(".").casefold()


def _value(number: str) -> float:
    return float(number.replace(",", ""))
