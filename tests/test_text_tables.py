"""What is printed for a person: columns of one width, sentences that a terminal can show."""

from __future__ import annotations

from c2c_timing.text_tables import aligned, print_sentences

SENTENCE = "tiny on cpu: C2C against base alone, natural length: 0.833× (0.8 to 0.9), slower; " * 3


def test_columns_have_one_width():
    table = [["name", "time"], ["a", "10"], ["longer", "7"]]
    assert aligned(table, right=["time"]) == ["name    time", "a         10", "longer     7"]


def test_a_log_has_a_sentence_a_line(capsys):
    print_sentences([SENTENCE, "short"])
    assert capsys.readouterr().out.splitlines() == [SENTENCE, "short"]


def test_a_terminal_gets_lines_of_its_width_broken_between_words(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    print_sentences([SENTENCE, "x" * 90])
    *lines, long = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80 < len(long)
    assert " ".join(" ".join(lines).split()) == " ".join(SENTENCE.split())
