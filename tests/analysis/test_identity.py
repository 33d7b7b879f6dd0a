"""What keeps records apart, what counts once, and what is a repeat."""

from __future__ import annotations

import json
import shutil

import pandas as pd
import pytest
from analysis.invented import invent, write
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from thoroughness import SCALE

from c2c_timing.analysis.merge import kept_apart, merge, read_timings, write_parquet
from c2c_timing.analysis.setups import PARTS
from c2c_timing.analysis.speedup import compare
from c2c_timing.analysis.summary import summarize
from c2c_timing.cards.dataset_card import load_dataset_card
from c2c_timing.data.sources import SourceSpec, read_rows


def of_setup(seed=0, **config):
    record = invent(seed)
    record["model_config"] |= config
    return record


@pytest.mark.parametrize("key", PARTS)
def test_whatever_determines_a_time_keeps_rows_apart(tmp_path, key):
    values = (1, 2) if key == "threads" else ("first", "second")
    paths = [write(tmp_path, [of_setup(n, **{key: value}) for n in range(3)], name=str(value))
             for value in values]  # fmt: skip
    table, errors = merge(paths)
    write_parquet(table, tmp_path / "all.parquet")
    for each in (table, read_timings(tmp_path / "all.parquet")):
        summary = summarize(each, errors)
        assert list(summary["count"]) == [3, 3]
        assert list(summary["setup"]) == [f"{PARTS[key]} {value}" for value in values]
        assert summary.columns[-1] == "setup"
    assert ", ".join(map(str, values)) in kept_apart(table)


def test_records_that_do_not_say_are_apart_from_those_that_do(tmp_path):
    paths = [
        write(tmp_path, [invent(0)], name="a"),
        write(tmp_path, [of_setup(1, threads=2)], name="b"),
    ]
    assert set(merge(paths)[0]["setup"]) == {"threads unknown", "threads 2"}


def test_a_setup_that_is_the_same_in_all_records_of_a_pair_is_not_spelled_out(tmp_path):
    records = [of_setup(0, threads=1), of_setup(1, threads=1) | {"pair": "other"}]
    records[1]["model_config"]["base_model"] = "c"
    table, _ = merge([write(tmp_path, records)])
    assert list(table["setup"]) == ["", ""]
    assert kept_apart(table) is None


def test_methods_are_compared_within_a_setup_alone(tmp_path):
    paths = []
    for threads in (1, 2):
        both = [
            invent(n, method=method, id=f"x{n}") for n in range(3) for method in ("base", "c2c")
        ]
        for record in both:
            record["model_config"]["threads"] = threads
            record["timing"]["total_time_ms"] = (
                10.0 if record["method"] == "base" else 10.0 / threads
            )
        paths.append(write(tmp_path, both, name=str(threads)))
    table = compare(merge(paths)[0])
    overall = table[table["scope"] == "overall"]
    assert dict(zip(overall["setup"], overall["speedup"].round(6), strict=True)) == {
        "threads 1": 1.0, "threads 2": 2.0,
    }  # fmt: skip


def test_a_copied_folder_counts_once_and_is_named(tmp_path, capsys):
    error = {"id": "y", "dataset": "gsm8k", "subject": "all", "pair": "tiny", "method": "c2c"}
    (tmp_path / "a").mkdir()
    write(tmp_path / "a", [invent(n) for n in range(3)], [error])
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    once = summarize(*merge([tmp_path / "a" / "a_timing.jsonl"]))
    capsys.readouterr()
    paths = [tmp_path / folder / "a_timing.jsonl" for folder in "ab"]
    twice = summarize(*merge(paths))
    said = capsys.readouterr().err
    pd.testing.assert_frame_equal(once, twice)
    assert "3 records are copies of others and count once" in said
    assert str(paths[1]) in said


def test_a_request_timed_again_is_a_repeat(tmp_path, capsys):
    runs = []
    for run in range(2):
        both = [invent(10 * run + n, method=m, id=f"x{n}", prompt_length=99)
                for n in range(3) for m in ("base", "c2c")]  # fmt: skip
        runs.append(write(tmp_path, both, name=str(run)))
    table, errors = merge(runs)
    assert sorted(table["repeat"]) == [1] * 6 + [2] * 6
    assert "6 records are of requests that another file has, too" in capsys.readouterr().err
    assert set(summarize(table, errors)["samples"]) == {3}
    assert compare(table)["num_pairs"].max() == 6


def test_methods_timed_in_files_of_their_own_stay_pairs(tmp_path):
    paths = [write(tmp_path, [invent(n, method=m, id=f"x{n}") for n in range(3)], name=m)
             for m in ("base", "c2c")]  # fmt: skip
    assert compare(merge(paths)[0])["num_pairs"].max() == 3


def test_an_id_that_names_two_rows_is_two_samples(tmp_path, capsys):
    halves = [write(tmp_path, [invent(10 * half + n, id=str(n), row_digest=f"{half}{n}")
                               for n in range(4)], name=str(half)) for half in range(2)]  # fmt: skip
    table, errors = merge(halves)
    assert list(summarize(table, errors)["samples"]) == [8]
    assert set(table["repeat"]) == {1}
    assert "4 ids name rows of different content" in capsys.readouterr().err


@pytest.fixture
def rows_of(tmp_path):
    def read(rows, dataset="gsm8k"):
        path = tmp_path / "rows.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        card = load_dataset_card(dataset)
        return list(read_rows(card, next(iter(card.subjects)), SourceSpec("local", str(path))))

    return read


def test_halves_of_a_data_set_have_the_ids_of_the_whole(rows_of):
    rows = [{"question": f"What is {n}?", "answer": f"#### {n}"} for n in range(16)]
    whole, first, second = (rows_of(part) for part in (rows, rows[:8], rows[8:]))
    assert [row.id for row in whole] == [row.id for row in first + second]
    assert len({row.id for row in whole}) == 16
    reordered = rows_of([{"more": 1, **dict(reversed(row.items()))} for row in rows])
    assert [row.id for row in reordered] == [row.id for row in whole]


def test_a_native_id_stays_and_a_repeated_one_tells_its_row(rows_of):
    rows = [{"unique_id": name, "problem": f"{n}?", "answer": "1"} for n, name in enumerate("aab")]
    first, second, third = rows_of(rows, "math-500")
    assert (first.id, second.id, third.id) == ("a", f"a#{second.digest}", "b")
    twin, other = rows_of([rows[1], rows[1]], "math-500")
    assert (twin.digest, other.id) == (second.digest, f"a#{second.digest}")


def shards():
    """Two shards, with repeats and two methods, as one run makes them."""
    made = []
    for subject in ("a", "b"):
        for n in range(5):
            for repeat in (1, 2):
                for method in ("base", "c2c"):
                    record = invent(
                        len(made), method=method, id=f"{subject}{n}", subject=subject, repeat=repeat,
                        prompt_length=100 + n, row_digest=f"{subject}{n}",
                        started_at=f"2026-01-01T00:00:00.{len(made):06}+00:00",
                    )  # fmt: skip
                    made.append(record)
    return made


FAILED = [{"id": f"f{n}", "dataset": "gsm8k", "subject": s, "pair": "tiny", "method": None,
           "stage": "prompt", "error_type": "E", "message": "m"} for s in "ab" for n in range(2)]  # fmt: skip


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Records in one file, the tables of it and their summary."""
    records = shards()
    tables = merge([write(tmp_path_factory.mktemp("whole"), records, FAILED)])
    return records, tables, summarize(*tables)


@settings(max_examples=20 * SCALE, derandomize=SCALE == 1, database=None, deadline=None,
          suppress_health_check=list(HealthCheck))  # fmt: skip
@given(st.data())
def test_copies_splits_and_merges_never_change_a_statistic(tmp_path_factory, whole, data):
    folder = tmp_path_factory.mktemp("folder")
    records, expected, summary = whole
    # Every record and failure is dealt to one of some files, or to several, in any order of files.
    number = data.draw(st.integers(1, 5))
    places = st.sets(st.integers(0, number - 1), min_size=1)
    dealt = [data.draw(places) for _ in records]
    failed = [data.draw(places) for _ in FAILED]
    paths = [
        write(
            folder,
            [record for record, at in zip(records, dealt, strict=True) if place in at],
            [error for error, at in zip(FAILED, failed, strict=True) if place in at],
            name=str(place),
        )
        for place in range(number)
    ]
    table, errors = merge(data.draw(st.permutations(paths)))
    pd.testing.assert_frame_equal(table, expected[0])
    pd.testing.assert_frame_equal(summarize(table, errors), summary)


def test_the_order_of_files_and_a_second_run_keep_every_pair(tmp_path):
    runs = [shards(), shards()]
    for record in runs[1]:
        record["timing"] = {
            **record["timing"],
            "total_time_ms": record["timing"]["total_time_ms"] + 1,
        }
        record["started_at"] = record["started_at"].replace("2026", "2027")
    split = [[r for r in runs[0] if r["method"] == m] for m in ("base", "c2c")]
    parts = {"base": split[0], "c2c": split[1], "again": runs[1]}
    paths = {name: write(tmp_path, part, name=name) for name, part in parts.items()}
    tables = [
        compare(merge([paths[name] for name in order])[0])
        for order in (("base", "c2c", "again"), ("again", "base", "c2c"), ("c2c", "again", "base"))
    ]
    assert tables[0]["num_pairs"].max() == 40
    for table in tables[1:]:
        pd.testing.assert_frame_equal(table, tables[0])
