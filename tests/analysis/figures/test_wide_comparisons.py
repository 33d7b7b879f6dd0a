"""However much is compared, a figure stays on a screen and legible, and says what it leaves out."""

from __future__ import annotations

import functools
import itertools
import xml.etree.ElementTree as ET

import pandas as pd
import pytest
from analysis.figures.letters import assert_legible, close_all, heading, panels_of
from analysis.invented_wide import PAIRS, wide

import plot_timings
from c2c_timing.analysis.figures import FIGURES, layout
from c2c_timing.analysis.figures.choice import MOST_PANELS, chosen, number_of
from c2c_timing.analysis.merge import write_parquet
from c2c_timing.analysis.report.pictures import pictures
from c2c_timing.analysis.report.sources import Sources
from c2c_timing.runtime_table import RUNTIMES

VIEWS = ("natural", "fixed")
MANY = (*PAIRS, "qwen3-0.6b_qwen2.5-math-1.5b", "qwen3-0.6b_qwen3-4b-base", "qwen3-8b_qwen2.5-7b",
        "somebody/a-model-with-a-very-long-name-instruct+another/one")  # fmt: skip
TABLES = {
    "wide": {"views": VIEWS, "runtimes": tuple(RUNTIMES), "samples": 1},
    "two by two": {"pairs": PAIRS[:2], "runtimes": ("eager", "compiled"), "samples": 2},
    "many pairs": {"pairs": MANY, "samples": 1},
    "many data sets": {"pairs": PAIRS[:2], "runtimes": ("eager", "compiled"), "samples": 5},
}


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    close_all()


@pytest.fixture(scope="module")
def tables():
    return {name: named_apart(wide(**{"steps": 6, **settings}), name)
            for name, settings in TABLES.items()}  # fmt: skip


def named_apart(table, name):
    """Of the table with many data sets, each sample number is one of its own."""
    if name != "many data sets":
        return table
    return table.assign(dataset=table["dataset"] + "-" + table["id"].str[-1])


@pytest.fixture(scope="module")
def drawn(tables):
    """Each figure of each table is drawn once."""
    return functools.cache(lambda name, table: FIGURES[name](tables[table]))


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("table", ["wide", "many pairs", "many data sets"])
def test_every_figure_is_legible(name, table, tables, drawn):
    if "ladder" in name and tables[table]["runtime"].nunique() == 1:
        pytest.skip("one runtime: no ladder")
    if name == "ladder_by_data_set" and table == "many data sets":
        pytest.skip("the wide table has more of them than it holds, too")
    assert_legible(drawn(name, table))


@pytest.mark.parametrize("name", FIGURES)
def test_what_is_left_out_is_said_in_a_line(name, drawn):
    if name == "ladder":
        pytest.skip("six columns: all")
    figure = drawn(name, "wide")
    (line,) = [line for line in heading(figure) if "plot_timings.py" in line]
    assert "--runtime … --length_view …" in line
    if name != "speedup":
        most = 9 if name == "ladder_by_data_set" else MOST_PANELS
        of = 3 * 2 * 9 if name == "ladder_by_data_set" else 3 * 2 * 4
        assert line.startswith(f"{most} of {of} panels; others with ")
        assert len(panels_of(figure)) == most


@pytest.mark.parametrize("name", FIGURES)
def test_nothing_is_said_where_nothing_is_left_out(name, drawn):
    if name == "ladder_by_data_set":
        pytest.skip("two pairs have more data sets than it holds")
    assert not any("plot_timings.py" in line for line in heading(drawn(name, "two by two")))


def test_runtimes_and_views_are_rows_where_speedups_are_many(drawn):
    figure = drawn("speedup", "wide")
    assert len(panels_of(figure)) == 2 * len(PAIRS)
    rows = [[label.get_text().split(" (")[0] for label in axes.get_yticklabels()][::-1]
            for axes in panels_of(figure)[:: len(PAIRS)]]  # fmt: skip
    every = [f"{runtime}, {view}" for view in VIEWS for runtime in RUNTIMES]
    assert rows == [every, [row for row in every if not row.startswith("eager")]]


def kept(table, *columns):
    return [list(dict.fromkeys(table[column])) for column in columns]


def test_what_tells_most_is_chosen(tables):
    of = ["length_view", "runtime", "pair"]
    wide_one, pairs = tables["wide"], tables["many pairs"]
    assert kept(chosen(wide_one), *of) == [["natural"], ["eager", "compiled"], list(PAIRS)]
    assert kept(chosen(wide_one, 4), "pair") == [list(PAIRS[:2])]
    two = wide_one[wide_one["pair"].isin(PAIRS[:2])]
    assert kept(chosen(two), *of) == [["natural"], ["eager", "fused", "compiled"], list(PAIRS[:2])]
    one = wide_one[wide_one["pair"] == "tiny"]
    assert kept(chosen(one), *of) == [["natural"], list(RUNTIMES), ["tiny"]]
    assert kept(chosen(pairs), "pair") == [list(MANY[:MOST_PANELS])]
    fixed = wide_one[wide_one["length_view"] == "fixed"]
    assert kept(chosen(fixed), *of) == [["fixed"], ["eager", "compiled"], list(PAIRS)]
    assert chosen(tables["two by two"]) is tables["two by two"]


@pytest.mark.parametrize("most", range(1, 9))
def test_never_more_than_asked_for_and_never_none(tables, most):
    for table in tables.values():
        assert 1 <= number_of(chosen(table, most)) <= most


def test_pairs_stand_beside_each_other_and_their_runtimes_below(drawn):
    for name in ("stage_breakdown", "throughput", "drift"):
        figure = drawn(name, "wide")
        titles = [" ".join(axes.get_title(loc="left").split()) for axes in panels_of(figure)]
        places = [axes.get_position() for axes in panels_of(figure)]
        for (one, place), (other, beside) in itertools.combinations(
            zip(titles, places, strict=True), 2
        ):
            same_runtime = ("eager" in one) == ("eager" in other)
            assert same_runtime == (abs(place.y1 - beside.y1) < 0.02), (name, one, other)


@pytest.mark.parametrize(("text", "width", "lines"), [
    ("qwen3-0.6b+qwen2.5-0.5b", 14, ["qwen3-0.6b+", "qwen2.5-0.5b"]),
    ("some/one_two, n=3", 8, ["some/", "one_two,", "n=3"]),
    ("two words\nfixed length", 20, ["two words", "fixed length"]),
    ("a-very-long-name", 8, ["a-very-", "long-", "name"]),
    ("x" * 10, 4, ["xxxx", "xxxx", "xx"]),
    ("a + b", 20, ["a + b"]),
])  # fmt: skip
def test_long_names_are_broken_where_they_are_put_together(text, width, lines):
    assert layout.broken(text, width).splitlines() == lines


@pytest.fixture(scope="module")
def parquet(tables, tmp_path_factory):
    path = tmp_path_factory.mktemp("wide") / "t.parquet"
    write_parquet(tables["wide"], path)
    return path


def draw(parquet, folder, *flags):
    files = ["--png", str(folder / "x.png"), "--svg", str(folder / "x.svg")]
    return plot_timings.main(["--figure", "throughput", "--timings", str(parquet), *files, *flags])


def words_of(svg):
    return " ".join(" ".join(ET.parse(svg).getroot().itertext()).split())


def test_the_report_says_what_a_drawing_leaves_out(parquet, tmp_path, tables):
    assert draw(parquet, tmp_path) == 0
    drawn = (tmp_path / "x.svg").rename(tmp_path / "throughput.svg")
    none = pd.DataFrame(columns=["id"])
    found = pictures(Sources(tables["wide"], none, figures=[drawn]))
    assert "6 of 24 panels; others with plot_timings.py --pair …" in found["throughput"].see


def test_any_other_panel_can_be_drawn(parquet, tmp_path):
    choice = ["--pair", PAIRS[0], "--runtime", "graphs", "--length_view", "fixed"]
    assert draw(parquet, tmp_path, *choice, "--dataset", "gsm8k", "mmlu") == 0
    words = words_of(tmp_path / "x.svg")
    assert f"{PAIRS[0]} · " in words
    assert "graphs · fixed length · 8 requests" in words
    assert "gsm8k (n=1)" in words
    assert "ai2-arc" not in words
    assert "of 24 panels" not in words


def test_pairs_named_first_are_chosen_first(parquet, tmp_path):
    assert draw(parquet, tmp_path, "--dataset", "mmlu") == 0
    assert "tiny · " in words_of(tmp_path / "x.svg")
    assert draw(parquet, tmp_path, "--dataset", "mmlu", "--pairs_first", "tiny", "unknown") == 0
    assert f"tiny, {PAIRS[0]}, {PAIRS[1]} · " in words_of(tmp_path / "x.svg")


@pytest.mark.parametrize("name", ["drift", "break_even", "stage_breakdown"])
def test_the_first_pairs_of_the_records_are_drawn_whenever_they_were_timed(tables, name):
    many = tables["many pairs"]
    later = pd.Timestamp("2027-01-01T00:00:00Z").isoformat()
    is_first = many["pair"] == MANY[0]
    table = many.assign(started_at=many["started_at"].mask(is_first, later))
    titles = [axes.get_title(loc="left") for axes in panels_of(FIGURES[name](table))]
    assert len(titles) == MOST_PANELS
    assert any(MANY[0].replace("\n", "") in title.replace("\n", "") for title in titles)


def test_pairs_without_a_sample_that_has_both_take_no_place_of_others(tables):
    many = tables["many pairs"]
    cannot = many["pair"].isin(MANY[:2]) & (many["method"] == "t2t")
    table = many.assign(id=many["id"].mask(cannot, many["id"] + "-other"))
    figure = FIGURES["break_even"](table)
    can_be_drawn = len(MANY) - 2
    assert len(panels_of(figure)) == min(can_be_drawn, MOST_PANELS)
    titles = " ".join(axes.get_title(loc="left") for axes in panels_of(figure))
    assert MANY[2].split("_")[0] in titles.replace("\n", "")
    told = [line for line in heading(figure) if "panels" in line]
    assert bool(told) == (can_be_drawn > MOST_PANELS)


def test_the_report_names_the_command_that_makes_just_this_figure(tables, tmp_path):
    figures = [tmp_path / f"{name}.svg" for name in ("speedup", "throughput")]
    for path in figures:
        path.write_text('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"/>')
    none = pd.DataFrame(columns=["id"])
    sources = Sources(tables["wide"], none, figures=figures, margin=0.02, pairs=("b", "a c"))
    commands = {name: picture.command for name, picture in pictures(sources).items()}
    assert "--margin 0.02 --pairs_first b 'a c'" in commands["speedup"]
    assert "--margin" not in commands["throughput"]


@pytest.mark.parametrize(("flags", "said"), [
    (["--pair", "tiny", "nobody"], "--pair nobody: the records have no such; their pairs: qwen3-0.6b+"),
    (["--runtime", "slow"], "--runtime slow: the records have no such; their runtimes: compiled, eager"),
    (["--length_view", "x"], "--length_view x: the records have no such; their length views: fixed, n"),
    (["--dataset", "x"], "--dataset x: the records have no such; their data sets: ai2-arc, gsm8k, l"),
])  # fmt: skip
def test_what_the_records_lack_is_one_line(parquet, tmp_path, capsys, flags, said):
    assert draw(parquet, tmp_path, *flags) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line
    assert not (tmp_path / "x.png").exists()


def test_values_that_never_meet_are_one_line(tmp_path, capsys):
    table = wide(pairs=("tiny",), runtimes=("eager", "fused"), samples=1)
    table = table[(table["runtime"] == "eager") | (table["dataset"] == "mmlu")]
    write_parquet(table, tmp_path / "t.parquet")
    assert draw(tmp_path / "t.parquet", tmp_path, "--runtime", "fused", "--dataset", "gsm8k") == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith(
        "--runtime fused --dataset gsm8k: each is in the records, but none has all of them"
    )
