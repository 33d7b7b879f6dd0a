"""How far a command is: a bar on a terminal, a line now and then in a log."""

from __future__ import annotations

import io
import os
import pty
import re
import sys
import time

from c2c_timing.progress import CONSOLE_VARIABLE, announce, progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_log_has_a_line_now_and_then(capsys):
    assert list(progress("ab", "test", done=3, every_seconds=0, name=str.upper)) == ["a", "b"]
    first, second = capsys.readouterr().err.splitlines()
    assert first == "test: 3/5, A"
    assert re.fullmatch(r"test: 4/5, B, \S+ samples a second, 0 s left", second)
    assert list(progress("ab", "test", every_seconds=0)) == ["a", "b"]
    first, second = capsys.readouterr().err.splitlines()
    assert first == "test: 0/2"
    assert second.startswith("test: 1/2, ")
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


def test_a_run_shows_the_bar_of_a_command_whose_words_go_into_a_log(monkeypatch, capsys):
    ours, theirs = pty.openpty()
    monkeypatch.setenv(CONSOLE_VARIABLE, os.ttyname(theirs))
    for _ in progress("ab", "some shard", every_seconds=0):
        time.sleep(0.2)  # a bar moves ten times a second
    announce("somebody waits")
    shown = ""
    while "somebody waits" not in shown:  # a terminal hands out line by line
        shown += os.read(ours, 10_000).decode(errors="replace")
    assert "some shard:" in shown
    assert "1/2" in shown
    assert shown.splitlines()[-1] == "somebody waits"
    log = capsys.readouterr().err
    assert log.startswith("some shard: 0/2\nsome shard: 1/2, ")
    assert log.endswith("somebody waits\n")
    os.close(ours)
    os.close(theirs)


def test_a_run_that_writes_into_a_file_is_not_written_over(monkeypatch, capsys, tmp_path):
    path = tmp_path / "output"
    path.write_text("what Snakemake wrote")
    for told in (path, tmp_path / "gone"):
        monkeypatch.setenv(CONSOLE_VARIABLE, str(told))
        assert list(progress("ab", "test", every_seconds=0)) == ["a", "b"]
        announce("line")
    assert path.read_text() == "what Snakemake wrote"
