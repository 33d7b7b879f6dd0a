"""Lists in CSV cells, as libraries print them: read as they were, or refused."""

from __future__ import annotations

import json

import numpy
import pandas
import pytest
from folders import SHARED
from hypothesis import given
from hypothesis import strategies as st

from c2c_timing.cards.dataset_card import load_dataset_card
from c2c_timing.data.sources import SourceSpec, read_rows
from c2c_timing.data.sources.list_cells import read_list_cell

OPTIONS = ["the cat", "it's a dog", 'a "bird"', """both ' and " """, "{1}", "[a], b", "a\nb", "x\\frac{1}{2}",
           "ünï", "", "'a' 'b'", "...", "None"]  # fmt: skip
# numpy itself drops a NUL at the end of a text.
plain = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\f\b\0"), max_size=12)


def printed(options):
    """Every way in which somebody's library writes these options into a cell."""
    array = numpy.array(options, dtype=object)
    labels = [str(place) for place in range(len(options))]
    both = {"text": array, "label": numpy.array(labels, dtype=object)}
    yield from (json.dumps(options), json.dumps(options, ensure_ascii=False), repr(options))
    yield from (str(array), repr(array), repr([numpy.str_(option) for option in options]))
    yield from (str(both), repr({"text": options, "label": labels}))


@pytest.mark.parametrize("text", list(printed(OPTIONS)))
def test_all_printings_are_read_as_they_were(text):
    value = read_list_cell(text)
    assert (value["text"] if isinstance(value, dict) else value) == OPTIONS


@given(st.lists(plain, min_size=2, max_size=10))
def test_any_options_are_read_as_they_were(options):
    for text in printed(options):
        value = read_list_cell(text)
        assert (value["text"] if isinstance(value, dict) else value) == options


@pytest.mark.parametrize("cell", [
    "['a', 'b' 'c']", "['a''b']", "['a' 'b', 'c']", "['a', 'b'", "['a', 'b']x", "['a', 'b'] ['c']", "[a, b]",
    "['a' ... 'z']", "['a', ..., 'z']", "[b'a', b'b']", "[r'a', 'b']", "['''a''', 'b']", r"['\frac', 'b']",
    r'["\frac{1}{2}", "\beta"]', "['a' 'b'", "[1 2]", "[1, 2 3]", "array(['a', 'b']", "{'a', 'b'}",
    "{'text': ['a'], 'text': ['b']}", '{"text": ["a"], "text": ["b"]}', "['a', ('b', 'c')]", "[" * 9999,
    "array(['a', 'b'], dtype=object, 1)", "['a'; 'b']", "[\u2018a\u2019, \u2018b\u2019]",
    "[__import__('os')]", "[,'a']", "['a',,'b']", "['a' + 'b', 'c']", "['a' 'b' 'c',]",
])  # fmt: skip
def test_what_can_be_read_in_two_ways_is_refused(cell):
    with pytest.raises(ValueError) as error:
        read_list_cell(cell)
    assert len(str(error.value).splitlines()) == 1


@given(st.lists(plain, min_size=3, max_size=6), st.data())
def test_a_lost_mark_never_makes_other_options(options, data):
    """Any one comma, quote, bracket or blank that is lost leaves the options or a refusal."""
    safe = [option.translate(dict.fromkeys(map(ord, "'\"\\[]{},:()"), "_")) for option in options]
    text = data.draw(st.sampled_from(list(printed(safe))))
    places = [n for n, character in enumerate(text) if character in "'\",[]{}:()"]
    place = data.draw(st.sampled_from(places))
    try:
        value = read_list_cell(text[:place] + text[place + 1 :])
    except ValueError:
        return
    found = value.get("text") if isinstance(value, dict) else value
    assert found == safe or isinstance(found, str)  # a text is no list of options


def read(path, dataset="mmlu", subject="abstract_algebra"):
    return list(read_rows(load_dataset_card(dataset), subject, SourceSpec("local", str(path))))


def test_a_table_of_parquet_rows_as_pandas_writes_it(tmp_path):
    frame = pandas.DataFrame({
        "question": ["[5 marks] Which?", "{1} or"], "subject": ["abstract_algebra"] * 2, "answer": [1, 0],
        "choices": [numpy.array(["it's", "b"], dtype=object), numpy.array(["1", "2"], dtype=object)],
    })  # fmt: skip
    frame.to_csv(tmp_path / "a.csv", index=False)
    frame.to_csv(tmp_path / "a.tsv", index=False, sep="\t")
    for name in ("a.csv", "a.tsv"):
        rows = [row.values for row in read(tmp_path / name)]
        assert [row["choices"] for row in rows] == [["it's", "b"], ["1", "2"]]
        assert [row["question"] for row in rows] == ["[5 marks] Which?", "{1} or"]


def test_only_columns_of_lists_are_read_as_lists(tmp_path):
    (tmp_path / "a.csv").write_text('problem,answer\n"[1, 2]","[0, 1]"\n')
    (row,) = read(tmp_path / "a.csv", "math-500", "main")
    assert row.values == {"problem": "[1, 2]", "answer": "[0, 1]"}


def test_a_bad_cell_is_one_bad_row(tmp_path):
    cells = ["\"['a', 'b']\"", "\"['a', 'b' 'c']\"", "\"['a' 'b'\n 'c']\""]
    (tmp_path / "a.csv").write_text(
        "question,choices,answer\n" + "".join(f"Q?,{c},0\n" for c in cells)
    )
    rows = read(tmp_path / "a.csv")
    assert [bool(row.problem) for row in rows] == [False, True, False]
    assert "choices" in rows[1].problem
    assert rows[2].values["choices"] == ["a", "b", "c"]


def test_the_shared_table_of_numpy():
    path = SHARED / "cases" / "csv" / "mmlu.csv"
    if not path.is_file():
        pytest.skip("no cases beside the checkout")
    choices = [row.values["choices"] for row in read(path)]
    assert [len(options) for options in choices] == [4, 4, 4]
    assert choices[1] == ["the cat", "it's a dog", 'a "bird"', "none"]
    assert choices[2] == ["{1}", "{2}", "{3}", "{4}"]
