"""How far a command is: a bar on a terminal, a line now and then in a log."""

from __future__ import annotations

import io
import sys

from c2c_timing.progress import progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_log_has_a_line_now_and_then(capsys):
    assert list(progress("ab", "test", done=3, every_seconds=0, name=str.upper)) == ["a", "b"]
    assert capsys.readouterr().err.splitlines() == ["test: 3/5, A", "test: 4/5, B"]
    assert list(progress("ab", "test", every_seconds=0)) == ["a", "b"]
    assert capsys.readouterr().err.splitlines() == ["test: 0/2", "test: 1/2"]
    assert list(progress("ab", "test")) == ["a", "b"]
    assert capsys.readouterr().err == ""


def test_a_bar_tells_which_item_is_in_hand(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    said = []
    for _ in progress("ab", "test", name=str.upper):
        said.append(terminal.getvalue().rpartition("\r")[2])
        terminal.truncate(0)
    assert "test, A:" in said[0]
    assert "test, B:" in said[1]
    assert "/2" in said[1]


def test_a_bar_that_is_left_early_is_wiped(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    for _ in progress("ab", "test"):
        break
    assert terminal.getvalue().endswith("\r")
    assert not terminal.getvalue().rpartition("\r")[0].rpartition("\r")[2].strip()
