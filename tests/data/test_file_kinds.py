"""Files that say something else than they seem to: read right, or refused with one line."""

from __future__ import annotations

import gzip
import json

import pytest
from folders import SHARED

from c2c_timing.cards.dataset_card import load_dataset_card
from c2c_timing.data.sources import SourceSpec, read_rows
from c2c_timing.errors import UserError

ROWS = [{"question": f"What is {n} + 2?", "answer": f"#### {n + 2}"} for n in range(3)]
LINES = "".join(json.dumps(row) + "\n" for row in ROWS)
TABLE = "question,answer\n" + "".join(f"{row['question']},{row['answer']}\n" for row in ROWS)
TEXTS = {"jsonl": LINES, "json": json.dumps(ROWS), "csv": TABLE, "tsv": TABLE.replace(",", "\t")}
CASES = SHARED / "cases"


def read(path, dataset="gsm8k", subject=None, split=None):
    card = load_dataset_card(dataset)
    spec = SourceSpec("local", str(path), split=split)
    return list(read_rows(card, subject or next(iter(card.subjects)), spec))


def values(path, **more):
    return [row.values for row in read(path, **more)]


def refused(path, *words, **more):
    with pytest.raises(UserError) as error:
        read(path, **more)
    message = str(error.value)
    assert len(message.splitlines()) == 1
    assert all(word in message for word in words), message
    assert str(path.name) in message


@pytest.mark.parametrize("ending", TEXTS)
@pytest.mark.parametrize("packed", [False, True])
def test_a_byte_order_mark_and_gzip_lose_nothing(tmp_path, ending, packed):
    for mark in (b"", b"\xef\xbb\xbf"):
        content = mark + TEXTS[ending].encode()
        path = tmp_path / f"rows.{ending}{'.gz' if packed else ''}"
        path.write_bytes(gzip.compress(content) if packed else content)
        assert values(path) == ROWS


def test_packed_files_are_found_in_folders(tmp_path):
    (tmp_path / "test.jsonl.gz").write_bytes(gzip.compress(LINES.encode()))
    assert values(tmp_path) == ROWS


def test_joined_files_have_marks_within(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_bytes(2 * (b"\xef\xbb\xbf" + LINES.encode()))
    assert values(path) == ROWS * 2


@pytest.mark.parametrize("ending", TEXTS)
@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_other_encodings_are_named(tmp_path, ending, encoding):
    path = tmp_path / f"rows.{ending}"
    path.write_bytes(TEXTS[ending].encode(encoding))
    if encoding == "utf-32":
        path.write_bytes(b"\xff\xfe\0\0" + TEXTS[ending].encode("utf-32-le"))
    refused(path, "UTF-16", "UTF-8")


def test_gzip_that_is_none_or_cut_off(tmp_path):
    path = tmp_path / "rows.jsonl.gz"
    path.write_text(LINES)
    refused(path, "not packed")
    path.write_bytes(gzip.compress(LINES.encode())[:-9])
    refused(path, "damaged")
    hidden = tmp_path / "rows.jsonl"
    hidden.write_bytes(gzip.compress(LINES.encode()))
    assert values(hidden) == ROWS


def test_json_lines_in_json(tmp_path):
    path = tmp_path / "rows.json"
    path.write_text(LINES)
    assert values(path) == ROWS
    path.write_text(json.dumps(ROWS[0]))
    assert values(path) == ROWS[:1]
    path.write_text(LINES + '{"torn": \n' + LINES)
    assert [bool(row.problem) for row in read(path)] == [False] * 3 + [True] + [False] * 3
    path.write_text(json.dumps({"test": ROWS}, indent=1)[:-3])
    refused(path, "not JSON")


@pytest.mark.parametrize("content", [
    {"train": [], "test": ROWS}, {"train": [{"question": "no", "answer": "no"}], "test": ROWS},
    {"columns": ["question"], "rows": ROWS}, {"version": 1, "data": ROWS}, {"test": ROWS, "answer": 1},
])  # fmt: skip
def test_the_named_split_wins(tmp_path, content):
    path = tmp_path / "rows.json"
    path.write_text(json.dumps(content))
    assert values(path) == ROWS


@pytest.mark.parametrize(("content", "words"), [
    ({"train": ROWS}, ["train", "test"]), ({"a": ROWS, "b": ROWS}, ["'a'", "'b'"]),
    ({"a": [], "b": ROWS}, ["'a'", "'b'"]), ({"test": {"a": 1}, "b": ROWS}, ["test"]),
    ({"columns": ["question"], "data": [["a"]]}, ["columns", "data"]),
    ({"x": 1}, ["no list"]), (7, ["no list"]),
])  # fmt: skip
def test_ambiguous_objects_are_refused_by_their_lists(tmp_path, content, words):
    path = tmp_path / "rows.json"
    path.write_text(json.dumps(content))
    refused(path, *words)


def test_another_split_by_its_name(tmp_path):
    path = tmp_path / "rows.json"
    path.write_text(json.dumps({"train": ROWS, "test": []}))
    assert values(path, split="train") == ROWS


def test_keys_and_columns_that_stand_twice(tmp_path):
    line = '{"question": "a", "question": "b", "answer": "c"}\n'
    for name, content in (
        ("r.jsonl", line + LINES),
        ("r.json", f"[{line}, {json.dumps(ROWS)[1:]}"),
    ):
        (tmp_path / name).write_text(content)
        first, *others = read(tmp_path / name)
        assert "twice" in first.problem
        assert [row.values for row in others] == ROWS
    (tmp_path / "o.json").write_text('{"test": [], "test": []}')
    refused(tmp_path / "o.json", "twice")
    (tmp_path / "r.csv").write_text("question,answer,question\na,b,c\n")
    refused(tmp_path / "r.csv", "twice", "question")


@pytest.mark.parametrize("ending", ["json", "jsonl"])
def test_numbers_and_depths_beyond_reason(tmp_path, ending):
    odd = [
        '{"question": "a", "answer": ' + "9" * 5000 + "}",
        '{"question": "a", "answer": -' + "9" * 5000 + "}",
    ]
    fine = '{"question": "b", "answer": "c", "n": 123456789012345678901234567890, "score": NaN}'
    lines = [*odd, fine]
    path = tmp_path / f"rows.{ending}"
    path.write_text("[" + ",".join(lines) + "]" if ending == "json" else "\n".join(lines))
    rows = read(path)
    assert [bool(row.problem) for row in rows] == [True, True, False]
    assert "5000 digits" in rows[0].problem
    assert rows[2].values["n"] == 123456789012345678901234567890


def test_deep_nesting_is_one_clear_line(tmp_path):
    for name, content in (
        ("a", "[" * 99999),
        ("b", '[{"a": ' + "[" * 99999),
        ("c", '{"a":' * 99999),
    ):
        (tmp_path / f"{name}.json").write_text(content)
        refused(tmp_path / f"{name}.json", "not JSON")


@pytest.mark.parametrize("damage", ["] []", "] x", ""])
def test_an_array_that_goes_on_or_stops(tmp_path, damage):
    path = tmp_path / "rows.json"
    path.write_text(json.dumps(ROWS)[:-1] + damage)
    refused(path, "not JSON")


def test_an_array_without_a_comma(tmp_path):
    path = tmp_path / "rows.json"
    path.write_text(json.dumps(ROWS).replace("}, {", "} {"))
    refused(path, "broken")


def test_a_bad_line_of_csv_is_one_bad_row(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text(TABLE + '"a"b,c\n' + TABLE.split("\n", 1)[1] + '"open,')
    assert [bool(row.problem) for row in read(path)] == [False] * 3 + [True] + [False] * 3 + [True]


@pytest.mark.parametrize(("name", "count"), [
    ("bom/bom.csv", 3), ("bom/bom.jsonl", 3), ("rows/jsonl_as.json", 2),
])  # fmt: skip
def test_the_shared_files(name, count):
    if not (CASES / name).is_file():
        pytest.skip("no cases beside the checkout")
    rows = read(CASES / name)
    assert len(rows) == count
    assert all(row.values["question"] for row in rows)


def test_the_shared_number():
    if not (CASES / "rows" / "huge.json").is_file():
        pytest.skip("no cases beside the checkout")
    assert "digits" in read(CASES / "rows" / "huge.json")[0].problem
