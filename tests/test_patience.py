"""No test sets a time limit of its own: on a busy machine it would fail for nothing."""

from __future__ import annotations

import ast

import pytest
from folders import ROOT
from patience import PATIENCE

LIMITS = {"timeout", "deadline"}
FILES = sorted((ROOT / "tests").rglob("*.py"))


def own_limits(source: str) -> list[int]:
    """Lines with a limit in figures, or one compared with a clock."""
    lines = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.keyword) and node.arg in LIMITS:
            lines += [node.value.lineno] * _is_figure(node.value)
        if isinstance(node, ast.Compare) and "monotonic()" in ast.unparse(node):
            sides = [node.left, *node.comparators]
            lines += [node.lineno] * any(map(_is_figure, sides))
    return sorted(lines)


def _is_figure(node: ast.expr) -> bool:
    """A number that is written down, not one with a name."""
    return isinstance(node, ast.Constant) and isinstance(node.value, int | float)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_limits_stand_in_one_place(path):
    assert own_limits(path.read_text(encoding="utf-8")) == []


def test_a_limit_is_found():
    source = "run(timeout=60)\nrun(timeout=PATIENCE)\nwhile monotonic() - begun < 120:\n    pass\n"
    assert own_limits(source) == [1, 3]
    assert PATIENCE >= 1800
