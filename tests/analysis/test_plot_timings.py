"""The command that draws: one figure, or several in one process."""

from __future__ import annotations

import pytest
from analysis.invented import invent, write

import plot_timings
from c2c_timing.analysis.merge import merge, write_parquet

ENDINGS = ("png", "svg")


@pytest.fixture
def timings(tmp_path):
    """Records of one method under one runtime: nothing to compare."""
    table, _ = merge([write(tmp_path, [invent(seed) for seed in range(6)])])
    write_parquet(table, tmp_path / "t.parquet")
    return tmp_path / "t.parquet"


def run(timings, *words):
    return plot_timings.main([*words, "--timings", str(timings)])


def test_figures_drawn_together_are_those_drawn_alone(timings, tmp_path):
    names, folder = ["throughput", "stage_breakdown"], tmp_path / "plots"
    assert run(timings, "--figures", *names, "--folder", str(folder)) == 0
    assert {path.name for path in folder.iterdir()} == {
        f"{name}.{ending}" for name in names for ending in ENDINGS
    }
    for name in names:
        alone = [tmp_path / f"{name}.{ending}" for ending in ENDINGS]
        assert run(timings, "--figure", name, "--png", str(alone[0]), "--svg", str(alone[1])) == 0
        for path in alone:
            assert (folder / path.name).read_bytes() == path.read_bytes()


def test_of_a_figure_that_cannot_be_drawn_the_reason_stands_in_its_place(timings, tmp_path, capsys):
    names = ["speedup", "throughput", "break_even"]
    assert run(timings, "--figures", *names, "--folder", str(tmp_path)) == 0
    assert capsys.readouterr().err.splitlines() == [
        "speedup: no sample was run by c2c and by another method, or under eager and another "
        "runtime: nothing to compare",
        "break_even: no records of both c2c and t2t: no break-even",
    ]
    words = (tmp_path / "speedup.svg").read_text()
    assert "speedup cannot be drawn: no sample was run by c2c" in words
    assert "cannot be drawn" not in (tmp_path / "throughput.svg").read_text()
    assert (tmp_path / "break_even.png").stat().st_size > 1000


@pytest.mark.parametrize(("words", "said"), [
    (["--figures", "speedup", "ladder", "--folder", "."], "error: speedup: no sample was run by c2c"),
    (["--figure", "ladder", "--png", "x.png", "--svg", "x.svg"], "error: one runtime only: no ladder"),
    (["--figure", "throughput", "--png", "x.png"], "error: --figure needs --svg"),
    (["--figures", "throughput"], "error: --figures needs --folder"),
    (["--figures", "throughput", "roofline", "--folder", "."], "error: roofline needs --bottlenecks"),
])  # fmt: skip
def test_what_cannot_be_is_one_line(timings, tmp_path, monkeypatch, capsys, words, said):
    monkeypatch.chdir(tmp_path)
    assert run(timings, *words) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line
    assert not (tmp_path / "x.png").exists()
