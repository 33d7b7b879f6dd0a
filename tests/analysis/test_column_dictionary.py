"""Every column of every table is described, and needs no quotes."""

from __future__ import annotations

import importlib
import re

import pandas as pd
import pytest
from folders import ROOT

from c2c_timing.analysis.bottlenecks import COLUMNS as BOTTLENECKS
from c2c_timing.analysis.column_dictionary import tables
from c2c_timing.analysis.columns import CONDITIONS, SETTING
from c2c_timing.analysis.columns_page import page
from c2c_timing.analysis.merge import read_tsv, write_tsv
from c2c_timing.analysis.short_summary import AS_WRITTEN
from c2c_timing.analysis.tsv_columns import COUNTS

# DuckDB's reserved words and those that no column may be called (duckdb_keywords()), as far as a table
# of ours could have them.
RESERVED = set(re.findall(r"\w+", """
    all analyse analyze and any array as asc asymmetric both case cast check collate column constraint
    create default deferrable desc describe distinct do else end except false fetch for foreign from
    group having in initially intersect into lambda lateral leading limit not null offset on only or
    order pivot placing primary qualify references returning select show some summarize symmetric table
    then to trailing true union unique unpivot using variadic when where window with at by columns
    cross full glob inner is join left like map natural outer right semi struct time values
"""))  # fmt: skip
# Only other runs have these.
RARE = {"chunk", "message", "message_length", "teacher_sample_id"}


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """The tables of a tiny run: all methods and runtimes, a subject that is missing, a failed sample."""
    folder = tmp_path_factory.mktemp("results")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        words = (
            "--dataset ai2-arc --num_samples 2 --max_new_tokens 2 --message_max_tokens 3 --device cpu "
            "--methods base teacher t2t c2c --runtimes eager fused --output_dir timings"
        )
        run("comprehensive_timing_benchmark", words)
        rows = ["pair\tdataset\tsubject", "tiny\tai2-arc\tARC-Easy", "tiny\tai2-arc\tARC-Challenge",
                "tiny\tmmlu\tanatomy"]  # fmt: skip
        (folder / "shards.tsv").write_text("".join(f"{row}\n" for row in rows))
        shards = "--manifest shards.tsv --timings-dir timings"
        run("merge_timings", f"{shards} --allow-missing --output timings.parquet "
            "--errors-output errors.tsv --coverage-output coverage.tsv")  # fmt: skip
        records = "--timings timings.parquet"
        run("summarize_timings", f"{shards} {records} --errors errors.tsv --coverage coverage.tsv "
            "--output summary.tsv --full-output summary_full.tsv")  # fmt: skip
        run("compare_methods", f"{records} --output speedup.tsv")
        run("fit_break_even", f"{records} --output breakeven.tsv --costs-output stage_costs.tsv")
        run("write_ladder", f"{records} --output ladder.tsv")
        run("write_stage_table", f"{records} --output stage_table.tsv --markdown stages.md")
        run("write_cold_start", f"{shards} {records} --output coldstart.tsv")
        run("compare_runs", "timings.parquet timings.parquet --output changes.tsv")
        write_tsv(pd.DataFrame(columns=BOTTLENECKS), folder / "bottlenecks.tsv")
    return folder


def run(script, words):
    assert importlib.import_module(script).main(words.split()) == 0


def columns_of(path):
    if path.suffix == ".parquet":
        return list(pd.read_parquet(path).columns)
    return path.read_text(encoding="utf-8").splitlines()[0].split("\t")


@pytest.mark.parametrize("name", list(tables()))
def test_every_column_is_described(name, results):
    table = tables()[name]
    written = columns_of(results / table.file)
    assert [column for column in written if table.column(column) is None] == []
    assert set(table.columns) - set(written) <= RARE
    for column in table.columns.values():
        assert column.meaning and "|" not in column.unit


@pytest.mark.parametrize("name", [name for name in tables() if name != "timings"])
def test_no_column_needs_quotes(name, results):
    for column in columns_of(results / tables()[name].file):
        assert re.fullmatch(r"[a-z][a-z0-9_]*", column), column
        assert column not in RESERVED


def test_the_summary_is_short_and_the_full_one_has_all_of_it(results):
    short, full = (columns_of(results / f"{name}.tsv") for name in ("summary", "summary_full"))
    assert short == AS_WRITTEN
    assert len(short) < 45 < len(full)
    assert set(short) < set(full)
    rows = [pd.read_csv(results / f"{name}.tsv", sep="\t") for name in ("summary", "summary_full")]
    pd.testing.assert_frame_equal(rows[0], rows[1][AS_WRITTEN])


def test_shares_of_a_row_make_one(results):
    full = pd.read_csv(results / "summary_full.tsv", sep="\t")
    shares = [f"{name}_share" for name in ("base_embedding", "base_prefill", "teacher_embedding",
              "teacher_prefill", "projector", "teacher_decode", "handover", "decode")]  # fmt: skip
    timed = full[full["count"] > 0]
    assert timed[shares].sum(axis=1).tolist() == pytest.approx([1] * len(timed), abs=1e-4)
    assert timed.loc[timed["method"] == "base", "projector_share"].isna().all()


def test_counts_are_whole_numbers_where_others_are_missing(results, tmp_path):
    for path in results.glob("*.tsv"):
        table = pd.read_csv(path, sep="\t", dtype=str)
        for name in set(COUNTS) & set(table):
            assert table[name].dropna().str.fullmatch(r"\d+").all(), (path, name)
    write_tsv(pd.DataFrame({"count": [12345678.0, None], "x": [0.5, None]}), tmp_path / "t.tsv")
    assert (tmp_path / "t.tsv").read_text() == "count\tx\n12345678\t0.5\n\t\n"


def test_the_setting_has_its_own_names_again_when_a_table_is_read(results, tmp_path):
    assert set(CONDITIONS) <= set(read_tsv(results / "speedup.tsv"))
    earlier = pd.DataFrame({name: ["x"] for name in SETTING})
    earlier.to_csv(tmp_path / "earlier.tsv", sep="\t", index=False)
    assert list(read_tsv(tmp_path / "earlier.tsv")) == SETTING


def test_the_page_about_columns_is_up_to_date():
    text = (ROOT / "docs" / "columns.md").read_text(encoding="utf-8")
    assert text == page(), "stale: run `make columns`"
