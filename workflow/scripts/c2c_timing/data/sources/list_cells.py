"""Lists out of CSV cells, as libraries print them.

| printed by | looks like |
| --- | --- |
| JSON | ``["a", "b"]`` |
| Python | ``['a', "it's"]``, ``[np.str_('a')]`` |
| numpy, pandas | ``['a' "it's"]``, ``[{'from': 'human'} {'from': 'gpt'}]``, also over several lines |
| numpy within a dict | ``{'text': array(['a', 'b'], dtype=object)}`` |

Anything else is refused: Python itself joins texts that stand beside each other, and a text that
was cut short by ``...`` or lost a comma would read as other options.
"""

from __future__ import annotations

import ast
import json
import re
from typing import Any

from .rows import Unreadable
from .strict_json import DECODER

LOOKS_LIKE_A_LIST = re.compile(r"\s*(?:[\[{]|array\()")
TOKEN = re.compile(
    r"""(?P<mark>[\[\]{}:,()])
    | (?P<text>'(?:[^'\\\x00-\x1f]|\\.)*'|"(?:[^"\\\x00-\x1f]|\\.)*")
    | (?P<call>array\(|(?:np|numpy)\.str_\()
    | (?P<dtype>dtype=(?:\w+|'[^'\n]*'))
    | (?P<number>-?\d{1,40}(?:\.\d{1,40})?(?:e[+-]?\d{1,3})?(?![\w.]))
    | (?P<name>(?:None|True|False|null|true|false|nan)\b)
    """,
    re.VERBOSE,
)
SPACE = re.compile(r"\s*")
# All that repr() writes after a backslash.
ESCAPED = re.compile(r"""\\(?:[\\'"nrt]|x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8}|(?P<odd>.|$))""")
NAMES = {"None": None, "null": None, "True": True, "true": True, "False": False, "false": False,
         "nan": float("nan")}  # fmt: skip


def read_list_cell(text: str) -> Any:
    """The list or the dict in a cell; a cell that does not look like one stays a text.

    Raises:
        ValueError: it looks like a list and cannot be read for certain.
    """
    if not LOOKS_LIKE_A_LIST.match(text):
        return text
    try:
        value = _parsed(text)
    except RecursionError:
        raise ValueError("it is nested too deep") from None
    if isinstance(value, Unreadable):
        raise ValueError(value.why)
    if _holds_lost_backslash(value):
        raise ValueError("a backslash stands alone where JSON needs two")
    return value


def _parsed(text: str) -> Any:
    try:
        return DECODER.decode(text)
    except json.JSONDecodeError:
        return _Printed(text).whole()


def _holds_lost_backslash(value: Any) -> bool:
    """``"\\frac"`` and ``"\\beta"`` with one backslash are a form feed and a backspace."""
    if isinstance(value, str):
        return "\f" in value or "\b" in value
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(map(_holds_lost_backslash, inner))


class _Printed:
    """Reads what Python's ``repr`` and numpy print."""

    def __init__(self, text: str) -> None:
        self.tokens = _tokens(text)
        self.place = 0

    def whole(self) -> Any:
        value = self._value()
        if self.place < len(self.tokens):
            raise ValueError("something follows the list")
        return value

    def _peek(self) -> tuple[str, str, bool]:
        if self.place == len(self.tokens):
            raise ValueError("it is cut off")
        return self.tokens[self.place]

    def _take(self, wanted: str | None = None) -> tuple[str, str]:
        kind, token, _ = self._peek()
        if wanted is not None and token != wanted:
            raise ValueError(f"{wanted} is missing")
        self.place += 1
        return kind, token

    def _value(self) -> Any:
        kind, token = self._take()
        if kind == "text":
            return _unquoted(token)
        if kind == "number":
            return float(token) if set(token) & set(".e") else int(token)
        if kind == "name":
            return NAMES[token]
        if kind == "call":
            return self._call(token)
        if token == "[":
            return self._list()
        if token == "{":
            return self._dict()
        raise ValueError(f"{token} stands where a text should")

    def _call(self, token: str) -> Any:
        value = self._value()
        if not isinstance(value, list if token == "array(" else str):
            raise ValueError(f"{token} holds something else")
        if self._peek()[1] == ",":
            self._take(",")
            if self._take()[0] != "dtype":
                raise ValueError("an array is not closed")
        self._take(")")
        return value

    def _list(self) -> list[Any]:
        found: list[Any] = []
        separators: set[str] = set()
        while self._peek()[1] != "]":
            if found:
                separators.add(self._separator(found[-1]))
            found.append(self._value())
        self._take("]")
        if len(separators) > 1:
            raise ValueError("some of its commas are missing")
        return found

    def _separator(self, before: Any) -> str:
        kind, token, spaced = self._peek()
        if token == ",":
            self._take(",")
            return ","
        if spaced and isinstance(before, str | dict) and (kind == "text" or token == "{"):
            return " "
        raise ValueError("a comma is missing")

    def _dict(self) -> dict[Any, Any]:
        found: dict[Any, Any] = {}
        while self._peek()[1] != "}":
            if found:
                self._take(",")
            kind, token = self._take()
            key = _unquoted(token) if kind == "text" else None
            if key is None or key in found:
                raise ValueError("a key is no text, or stands twice")
            self._take(":")
            found[key] = self._value()
        self._take("}")
        return found


def _tokens(text: str) -> list[tuple[str, str, bool]]:
    """Kind, text, and whether blanks stand before it."""
    found: list[tuple[str, str, bool]] = []
    place = 0
    while True:
        begin = SPACE.match(text, place).end()  # type: ignore[union-attr]
        if begin == len(text):
            return found
        match = TOKEN.match(text, begin)
        if match is None:
            raise ValueError(f"{text[begin : begin + 12]!a} is no text in quotes")
        found.append((str(match.lastgroup), match[0], begin > place))
        place = match.end()


def _unquoted(token: str) -> str:
    if any(match["odd"] is not None for match in ESCAPED.finditer(token)):
        raise ValueError("a backslash stands alone")
    try:
        return str(ast.literal_eval(token))
    except (SyntaxError, ValueError):  # a character beyond the last one
        raise ValueError("a backslash stands before no character") from None
