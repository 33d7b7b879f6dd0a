"""The report's page: the answer first, what it rests on, and nothing of other runs."""

from __future__ import annotations

import re

import matplotlib.pyplot as plt
import pandas as pd
import pytest
from analysis.invented import invent, write

import write_report
from c2c_timing.analysis.break_even import break_even_table
from c2c_timing.analysis.cold_start import cold_start
from c2c_timing.analysis.coverage import coverage
from c2c_timing.analysis.figures import FIGURES, FLOOR_FIGURES
from c2c_timing.analysis.figures.style import save
from c2c_timing.analysis.ladder import ladder
from c2c_timing.analysis.merge import merge, write_parquet, write_tsv
from c2c_timing.analysis.report.page import render
from c2c_timing.analysis.report.sources import Sources
from c2c_timing.analysis.report.tables import NAMES, Column, number, table_of
from c2c_timing.analysis.speedup import compare
from c2c_timing.analysis.summary import summarize

METHODS = ("base", "teacher", "t2t", "c2c")


def merged(folder, records, errors=()):
    return merge([write(folder, records, errors)])


def compared(**changes):
    return [
        invent(10 * n + place, id=f"x{n}", method=method, length_view=view, **changes)
        for n in range(6)
        for view in ("natural", "fixed")
        for place, method in enumerate(METHODS)
    ]


def text_of(page):
    """What a reader sees, without tags, styles and scripts."""
    body = re.sub(r"<(style|script)>.*?</\1>", " ", page, flags=re.S)
    return " ".join(re.sub(r"<[^>]+>", " ", body).split())


def test_the_first_screen_answers_for_every_pair(tmp_path):
    records = [*compared(), *compared(pair="other")]
    timings, errors = merged(tmp_path, records)
    page = text_of(render(Sources(timings, errors, speedup=compare(timings))))
    first, _ = page.split("Where the time goes Each bar")
    for pair in ("tiny", "other"):
        assert pair in first
    assert first.count("C2C against 6 samples fixed length natural length") == 2
    for title in ("base alone", "teacher alone", "text-to-text"):
        assert title in first
    assert "Does C2C pay?" in page


def test_the_bar_of_the_first_screen_says_which_of_several_requests_it_is(tmp_path):
    both = [(view, runtime) for view in ("natural", "fixed") for runtime in ("eager", "fused")]
    views = [
        invent(n, method="c2c", length_view=view, runtime=runtime)
        for n in range(4)
        for view, runtime in both
    ]
    for folder, records, said in (
        ("several", views, "Where the time of C2C goes (eager, natural length): "),
        ("one", views[::4], "Where the time of C2C goes: "),
    ):
        (tmp_path / folder).mkdir()
        timings, errors = merged(tmp_path / folder, records)
        page = text_of(render(Sources(timings, errors, summary=summarize(timings, errors))))
        assert said in page


def test_where_nothing_was_compared_the_page_says_how_to(tmp_path):
    timings, errors = merged(tmp_path, [invent(n) for n in range(3)])
    page = text_of(render(Sources(timings, errors)))
    assert "was not compared with other methods" in page
    assert "Does C2C pay?" not in page
    assert "Break-even" not in page


def test_made_up_weights_are_said_once_and_real_ones_never(tmp_path):
    records = [invent(n) for n in range(3)]
    timings, errors = merged(tmp_path, records)
    assert text_of(render(Sources(timings, errors))).count("Made-up weights") == 1
    real = [r | {"model_config": r["model_config"] | {"weights": "real"}} for r in records]
    timings, errors = merged(tmp_path, real)
    assert "Made-up weights" not in render(Sources(timings, errors))


def test_texts_out_of_rows_are_escaped_and_nothing_is_loaded(tmp_path):
    hostile = "<script>alert(1)</script>"
    error = {"id": hostile, "dataset": "gsm8k", "subject": "main", "pair": "tiny", "method": None,
             "stage": "prompt", "error_type": "E", "message": hostile}  # fmt: skip
    page = render(Sources(*merged(tmp_path, [invent(), invent(1)], [error])))
    assert hostile not in page
    assert "&lt;script&gt;" in page
    assert not re.search(r"""(src|href)=["']?(https?:)?//""", page)
    assert "default-src 'none'" in page


def test_rows_that_are_not_ok_are_told_with_what_to_do(tmp_path):
    timings, errors = merged(tmp_path, [invent(n, residual_flag=n == 0) for n in range(9)])
    page = text_of(render(Sources(timings, errors, summary=summarize(timings, errors))))
    assert "1 of 1 rows of the summary are not ok (1 residual)" in page
    assert "11.1% of all records are flagged" in page
    assert "run self_test.py and time again" in page
    assert "Can it be believed?" not in text_of(render(Sources(timings, errors)))


def test_what_is_the_same_in_all_rows_is_said_once():
    columns = [
        NAMES["pair"],
        NAMES["method"],
        Column("kept", "kept", is_kept=True),
        number("ms", "ms"),
    ]
    rows = [
        {"pair": "tiny", "method": name, "kept": 1, "ms": ms}
        for name, ms in (("c2c", 2), ("base", None))
    ]
    table = table_of(rows, columns)
    assert list(table.same) == [("pair", "tiny")]
    assert [column.title for column in table.columns] == ["method", "kept", "ms"]
    assert [[cell.text for cell in row] for row in table.rows] == [
        ["C2C", "1", "2"], ["base alone", "1", "–"]
    ]  # fmt: skip
    assert [row[-1].sort for row in table.rows] == [2.0, ""]


def run_of(**changes):
    timing = invent()["timing"]
    return {
        "pair": "tiny", "dataset": "gsm8k", "subject": "main", "chunk": None,
        "started_at": "2026-01-02T03:04:05+00:00", "finished_at": "2026-01-03T00:00:00+00:00",
        "versions": {"torch": "2.13.0", "cuda": None}, "device": {"name": "cpu"},
        "cpu": {"model": "Some CPU", "logical_cores": 4, "physical_cores": 2}, "threads": 2,
        "git": {"commit": "0123456789abcdef", "is_clean": False}, "seed": 7,
        "attempts": [{"host": "node-1"}], "counts": {"samples": 1, "records": 1, "errors": 0, "flagged": 0},
        "models": [{"model": "b", "weights": "dummy", "revision": None}], "fusers": [],
        "settings": {"max_new_tokens": 8, "length_views": ["natural"], "source": {"kind": "builtin"}},
        "cold_requests_by_runtime": {"eager": {"c2c": timing}},
        "cold_requests_follow": {"eager": "loading"}, "self_test": None, "watch": None,
        "wall_seconds": {"loading": 4.0, "requests": 1.0, "total": 5.0},
    } | changes  # fmt: skip


def test_the_page_tells_where_its_numbers_come_from(tmp_path):
    timings, errors = merged(tmp_path, [invent(n) for n in range(3)])
    runs = [run_of(), run_of(threads=4, finished_at="2026-01-05T00:00:00+00:00")]
    page = text_of(render(Sources(timings, errors, runs=runs, configs=["config.yaml"])))
    for told in (
        "2026-01-02 to 2026-01-05", "Some CPU", "node-1", "2.13.0", "0123456789ab, with changes",
        "threads 2; 4", "order, sampling) 7", "config config.yaml", "4 (2 physical)", "builtin",
        "not run: nobody checked the clock",
    ):  # fmt: skip
        assert told in page
    assert "loading 8 80.0 %" in page.replace("\xa0", " ")  # walls of both shards
    tested = {"passed": True, "device": "cpu", "threads": 2, "node": "n", "tested_at": "2026-01-01"}
    assert "verdict passed" in text_of(render(Sources(timings, errors, self_test=tested)))


def test_a_cold_request_stands_beside_the_same_sample_timed_warm(tmp_path):
    timings, errors = merged(
        tmp_path, [invent(n, started_at=f"2026-01-02T03:04:0{n}") for n in (2, 1)]
    )
    cold = dict(run_of()["cold_requests_by_runtime"]["eager"]["c2c"])
    (first,) = timings.loc[timings["id"] == "x1", "total_time_ms"]
    cold["total_time_ms"] = 3 * first
    run = run_of(
        cold_requests_by_runtime={"eager": {"c2c": cold}}, model_config=invent()["model_config"]
    )
    page = text_of(render(Sources(timings, errors, coldstart=cold_start([run], timings))))
    assert "3.00×" in page
    assert "tell of no cold request" in text_of(render(Sources(timings, errors)))


@pytest.fixture
def drawn(tmp_path):
    """Two figures of one run, and one that another run left in the folder."""
    for name in ("throughput", "stage_breakdown", "speedup"):
        figure, axis = plt.subplots()
        axis.plot([1, 2])
        axis.set_title(f"drawn for {name}")
        save(figure, tmp_path / f"{name}.png", tmp_path / f"{name}.svg")
    return tmp_path


def test_figures_are_drawings_of_their_own_with_data_and_command(drawn):
    timings, errors = merged(drawn, [invent(n) for n in range(3)])
    figures = [drawn / "throughput.svg", drawn / "stage_breakdown.svg"]
    page = render(Sources(timings, errors, figures=figures))
    assert page.count("<figure ") == 2
    assert "--figure throughput --timings results/timings.parquet" in page
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    used = re.findall(r'(?:xlink:href|href)="#([^"]+)"|url\(#([^)]+)\)', page)
    assert {a or b for a, b in used} <= set(ids)
    assert "#ffffff" not in page[page.index("<figure ") :]  # the page's own paper


def test_a_large_drawing_comes_as_a_picture(drawn, monkeypatch):
    monkeypatch.setattr("c2c_timing.analysis.report.pictures.MOST_BYTES", 100)
    timings, errors = merged(drawn, [invent(n) for n in range(3)])
    page = render(Sources(timings, errors, figures=[drawn / "throughput.svg"]))
    assert 'src="data:image/png;base64,' in page


def command(folder, *more):
    flags = {"timings": "t.parquet", "errors": "e.tsv", "output": "report.html"}
    named = [word for flag, name in flags.items() for word in (f"--{flag}", str(folder / name))]
    return write_report.main([*named, *map(str, more)])


def test_what_another_run_left_never_enters(drawn, capsys):
    timings, errors = merged(drawn, compared())
    write_parquet(timings, drawn / "t.parquet")
    write_tsv(errors, drawn / "e.tsv")
    write_tsv(compare(timings), drawn / "speedup.tsv")
    write_tsv(break_even_table(timings), drawn / "breakeven.tsv")
    assert command(drawn, "--figures", drawn / "throughput.svg") == 0
    page = (drawn / "report.html").read_text()
    assert "drawn for throughput" in page
    assert "drawn for speedup" not in page
    assert "Does C2C pay?" not in page
    tables = ["--speedup", drawn / "speedup.tsv", "--breakeven", drawn / "breakeven.tsv"]
    assert command(drawn, "--figures", drawn / "speedup.svg", *tables) == 0
    page = (drawn / "report.html").read_text()
    assert "drawn for speedup" in page and "Break-even with text" in page


@pytest.mark.parametrize(("flag", "name", "said"), [
    ("--figures", "no.svg", "is no figure"),
    ("--self-test", "no.json", "is no self-test"),
    ("--speedup", "no.tsv", "cannot be read"),
])  # fmt: skip
def test_what_is_not_there_is_one_line(tmp_path, capsys, flag, name, said):
    timings, errors = merged(tmp_path, [invent(n) for n in range(3)])
    write_parquet(timings, tmp_path / "t.parquet")
    write_tsv(errors, tmp_path / "e.tsv")
    assert command(tmp_path, flag, tmp_path / name) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line and name in line
    assert not (tmp_path / "report.html").exists()


def test_a_partial_run_says_so_first(tmp_path):
    timings, errors = merged(tmp_path, [invent(n) for n in range(3)])
    shards = timings[["pair", "dataset", "subject"]].drop_duplicates()
    page = text_of(render(Sources(timings, errors, coverage=coverage(shards, tmp_path / "none"))))
    assert page.index("Partial. This report is partial: 1 of 1 shards") < page.index(
        "The answer tiny"
    )


def test_every_figure_of_the_project_has_its_place_and_others_come_last(drawn):
    timings, errors = merged(drawn, compared())
    both = pd.concat([timings, timings.assign(runtime="fused")])
    tables = {
        "speedup": compare(timings),
        "breakeven": break_even_table(timings),
        "ladder": ladder(both),
    }
    for name in (*FIGURES, *FLOOR_FIGURES, "of another version"):
        path = drawn / f"{name}.svg"
        path.write_text((drawn / "throughput.svg").read_text())
        page = render(Sources(timings, errors, **tables, figures=[path]))
        assert page.count("<figure ") == 1, name
        assert ("Further figures" in page) == (name == "of another version")
