"""Where there are more panels than a screen holds, a figure shows some, and says so."""

from __future__ import annotations

import warnings

import matplotlib.pyplot as plt
import pytest
from analysis.invented_wide import PAIRS, wide

import plot_timings
from c2c_timing.analysis.columns import CONDITIONS
from c2c_timing.analysis.figures import drawn
from c2c_timing.analysis.figures.selection import chosen
from c2c_timing.analysis.merge import write_parquet
from c2c_timing.runtime_table import RUNTIMES


@pytest.fixture(scope="module")
def timings():
    return wide(views=("fixed", "natural"), runtimes=tuple(RUNTIMES), samples=1, steps=4)


def test_few_panels_are_all_there():
    table = wide(pairs=("tiny",), views=("fixed", "natural"), samples=1, steps=2)
    shown, left_out = chosen(table, 6)
    assert shown is table
    assert left_out == ""


@pytest.mark.parametrize("most", [1, 2, 3, 6, 23, 24])
def test_no_more_than_most_and_the_number_is_told(timings, most):
    shown, left_out = chosen(timings, most)
    number = len(shown[CONDITIONS].drop_duplicates())
    assert 1 <= number <= most
    assert left_out.startswith(f"{number} of 24 panels") or number == 24


def test_of_many_the_natural_length_the_first_and_the_fastest_runtime(timings):
    shown, _ = chosen(timings, 6)
    assert set(shown["length_view"]) == {"natural"}
    assert set(shown["runtime"]) == {"eager", "compiled"}
    assert set(shown["pair"]) == set(PAIRS)


def test_runtimes_that_stand_together_all_stay(timings):
    shown, left_out = chosen(timings, 3, are_runtimes_together=True)
    assert set(shown["runtime"]) == set(RUNTIMES)
    assert left_out.startswith("3 of 6 panels")


def test_the_heading_says_it_and_nothing_collapses(timings):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure = drawn("stage_breakdown", timings)
        figure.canvas.draw()
    assert "6 of 24 panels" in figure.get_suptitle()
    plt.close(figure)


def test_the_others_are_drawn_by_name(timings, tmp_path, capsys):
    write_parquet(timings, tmp_path / "t.parquet")
    flags = ["--figures", "stage_breakdown", "--timings", str(tmp_path / "t.parquet")]
    flags += ["--folder", str(tmp_path), "--pair", "tiny"]
    assert plot_timings.main([*flags, "--runtime", "graphs", "--length_view", "fixed"]) == 0
    drawing = (tmp_path / "stage_breakdown.svg").read_text()
    assert "llama3.2-1b" not in drawing
    assert "graphs" in drawing
    assert plot_timings.main([*flags, "--runtime", "graphics"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "--runtime graphics: the records have only compiled, eager, fused, graphs" in line
