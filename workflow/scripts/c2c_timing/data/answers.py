"""Whether an answer is right, by the rule that a data set's card names.

| rule | the right answer in the row | what counts of the response |
| --- | --- | --- |
| ``index`` | position of the option, from 0 | the option's letter |
| ``checked_index`` | the same, as MMLU-Redux's ``error_type`` and ``correct_answer`` mend it | the letter |
| ``letter`` | the option's letter | the letter |
| ``label`` | the option's own label, a letter or a number | the letter of its position |
| ``number_after_hashes`` | the number after ``####`` | the first number announced, else the last |
| ``exact`` | a number, a formula or a text | the first one announced, else the last line |
| ``any_of`` | a list of texts | the first line |
| ``none``, ``last_turn`` | nobody can tell | |

The first answer counts: what a model goes on to invent after it, another question with its answer, is
cut off, and so are thoughts (``judging/first_answer.py``). Announced means in a box, behind ``Answer:``,
``####`` or "the answer is". Letters stand alone and are no word (``judging/letters.py``); "not A, but B"
is B, and whoever names several options, or none, is wrong. Numbers and formulas are compared by value
with math-verify, limited in time and memory (``judging/library.py``); beyond the limit nobody can tell.
Texts are compared without case, blanks, quotes, markdown and the full stop at the end.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

from ..cards.dataset_card import DatasetCard
from .judging.first_answer import segments
from .judging.letters import LETTERS, letter_of
from .judging.mathematics import is_formula, is_number, normalise

_KIND = r"(?:(?:the|final|correct)\s+)*"
CUE = re.compile(
    rf"^[\W_]*{_KIND}answer(?:\s+is|\W*[:：])[\W_]*|^[\W_]*(?:答案|回答)\s*[是:：]\s*",
    re.IGNORECASE,
)


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
    number = gold.rsplit("####", 1)[1].strip().replace(",", "")
    return is_number(number, response) if math.isfinite(float(number)) else None


def _exact(gold: Any, row: dict, card: DatasetCard, response: str) -> bool | None:
    return is_formula(str(gold), response) if isinstance(gold, str | int | float) else None


def _any_of(gold: Any, row: dict, card: DatasetCard, response: str) -> bool | None:
    if not isinstance(gold, list | tuple) or not gold:
        return None
    lines = [line for segment in segments(response) for line in segment.splitlines()]
    answers = filter(None, (normalise(CUE.sub("", line)) for line in lines))
    return next(answers, "") in {normalise(text) for text in gold}


RULES: dict[str, Callable[[Any, dict, DatasetCard, str], bool | None]] = {
    "index": _index,
    "checked_index": _checked_index,
    "letter": _letter,
    "label": _label,
    "number_after_hashes": _number,
    "exact": _exact,
    "any_of": _any_of,
}
