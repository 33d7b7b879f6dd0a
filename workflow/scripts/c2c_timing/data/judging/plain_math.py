"""Mathematics as people type it, written in LaTeX."""

from __future__ import annotations

import re

from .first_answer import braced

SIGNS = {
    "−": "-", "–": "-", "‒": "-", "×": r"\times ", "·": r"\cdot ", "⋅": r"\cdot ", "÷": "/", "⁄": "/",
    "∕": "/", "π": r"\pi ", "∞": r"\infty ", "≤": r"\le ", "≥": r"\ge ", "≠": r"\ne ", "±": r"\pm ",
    "∪": r"\cup ", "∩": r"\cap ", "∈": r"\in ", "°": r"^\circ ", "√": r"\sqrt",
    "½": r"\frac{1}{2}", "⅓": r"\frac{1}{3}", "⅔": r"\frac{2}{3}", "¼": r"\frac{1}{4}", "¾": r"\frac{3}{4}",
    "⅕": r"\frac{1}{5}", "⅛": r"\frac{1}{8}", "％": r"\%",
}  # fmt: skip
RAISED = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+", strict=True))
LOWERED = dict(zip("₀₁₂₃₄₅₆₇₈₉", "0123456789", strict=True))
FUNCTIONS = r"(?:arc)?(?:sin|cos|tan)|cot|sec|csc|ln|log|exp"
BLANK = r"[ \u00a0\u2009\u202f]"
SEPARATOR = rf"(?:,|{BLANK}|\{{,\}}|\\[,!;: ]|,\\!\s?)"
THOUSANDS = re.compile(rf"(?<![\d.,])(\d{{1,3}})((?:{SEPARATOR}\d{{3}})+)(?![\d,]\d)")
UPRIGHT = r"\\(?:text|mbox|textbf|mathrm|mathbf|textrm|operatorname)\s*\{"


def without_thousands(text: str) -> str:
    """``10,000``, ``10{,}000``, ``10,\\!000`` and ``10 000`` as ``10000``."""
    return THOUSANDS.sub(lambda match: match[1] + re.sub(r"\D", "", match[2]), text)


def to_latex(text: str) -> str:
    """A formula in LaTeX; what is LaTeX already stays as it is."""
    text = re.sub(f"[{''.join(RAISED)}]+", lambda m: "^{" + _all(m[0], RAISED) + "}", text)
    text = re.sub(f"[{''.join(LOWERED)}]+", lambda m: "_{" + _all(m[0], LOWERED) + "}", text)
    text = re.sub(r"\s*\(?\b(?:in\s+)?base[ -](\d+)\b\)?", r"_{\1}", text)
    text = re.sub(r"(?<![\d/.^])(\d+) (\d+)/(\d+)(?![\d/])", r"\1\\frac{\2}{\3}", text)
    text = re.sub(r"(?<=\d)([½⅓⅔¼¾⅕⅛])", r" + \1", text)
    for sign, latex in SIGNS.items():
        text = text.replace(sign, latex)
    text = (
        text.replace("**", "^").replace("<=", r"\le ").replace(">=", r"\ge ").replace("+-", r"\pm ")
    )
    text = re.sub(r"(?<![\\a-zA-Z])sqrt(?![a-zA-Z])|\\sqrt(?=\s*\()", r"\\sqrt", text)
    text = re.sub(r"\\sqrt\s*(\d+(?:\.\d+)?|[a-z])(?![\w{])", r"\\sqrt{\1}", text)
    text = _in_braces(text, re.compile(r"\\sqrt\s*\(|\^\s*\("))
    text = re.sub(r"\^\s*(-?\d\d+|-\w)", r"^{\1}", text)
    text = re.sub(rf"(?<![\\a-z])({FUNCTIONS})(?=\s*[\^_({{\d]|\s+[a-z]\b)", r"\\\1 ", text)
    text = re.sub(r"(?<![\\a-zA-Z])pi(?![a-zA-Z])", r"\\pi ", text)
    text = re.sub(r"(?<![\\a-zA-Z])(?:[Ii]nfinity|infty|inf|oo)(?![a-zA-Z])", r"\\infty ", text)
    text = re.sub(r"\s*(?<![a-z])(?:degrees?|deg)\b(?!\s*[a-z])", r"^\\circ ", text)
    text = re.sub(r"(?<=[\d\s)])U(?=\s*[\[(])", r"\\cup ", text)
    text = re.sub(r"(?<!\\)\bin\b(?=\s*[\[({])", r"\\in ", text)
    text = re.sub(r"(?<=[\w)}])\s*\*\s*(?=[\w(\\])", r" \\cdot ", text)
    return re.sub(r"(?<!\\)%", r"\\%", text)


def _all(signs: str, table: dict[str, str]) -> str:
    return "".join(table[sign] for sign in signs)


def _in_braces(text: str, opening: re.Pattern[str]) -> str:
    """``\\sqrt(…)`` and ``^(…)`` with braces for parentheses."""
    place = 0
    while match := opening.search(text, place):
        inner = braced(text[match.end() :].translate({40: "{", 41: "}", 123: "(", 125: ")"}), 0)
        place = match.end()
        if inner is not None:
            end = match.end() + len(inner)
            head = match[0].rstrip("( ")
            text = f"{text[: match.start()]}{head}{{{text[match.end() : end]}}}{text[end + 1 :]}"
    return text
