from __future__ import annotations

import csv
import io
import json

import pytest
from folders import SHARED
from hypothesis import given
from hypothesis import strategies as st

from c2c_timing.cards.dataset_card import load_dataset_card
from c2c_timing.data.prompts import build_prompt
from c2c_timing.data.selection import select_rows
from c2c_timing.data.sources import Row, SourceSpec, read_rows
from c2c_timing.data.sources.json_array import iterate_json_array
from c2c_timing.errors import UserError

REALDATA = SHARED / "realdata"
ROWS = [
    {
        "id": "a",
        "question": "Q1?",
        "choices": {"text": ["x", "y"], "label": ["1", "2"]},
        "answerKey": "1",
    },
    {
        "id": "a",
        "question": "Q2?",
        "choices": {"text": ["x", "z"], "label": ["A", "B"]},
        "answerKey": "B",
    },
]


def read(path, dataset="ai2-arc", subject="ARC-Easy"):
    spec = SourceSpec("local", data_path=str(path))
    return list(read_rows(load_dataset_card(dataset), subject, spec))


def write(path, ending):
    if ending == "jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    elif ending == "json":
        path.write_text(json.dumps(ROWS))
    elif ending == "csv":
        text = io.StringIO()
        writer = csv.DictWriter(text, ROWS[0])
        writer.writeheader()
        writer.writerows(
            {k: json.dumps(v) if isinstance(v, dict) else v for k, v in row.items()} for row in ROWS
        )
        path.write_text(text.getvalue())
    else:
        import pandas as pd

        pd.DataFrame(ROWS).to_parquet(path)


@pytest.mark.parametrize("ending", ["jsonl", "json", "csv", "parquet"])
def test_four_formats_as_file_and_as_folder(tmp_path, ending):
    path = tmp_path / f"ARC-Easy.{ending}"
    write(path, ending)
    for place in (path, tmp_path):
        rows = read(place)
        assert [row.values for row in rows] == ROWS
        assert [row.id for row in rows] == ["a", f"a#{rows[1].digest}"]


def test_one_bad_line_is_one_bad_row(tmp_path):
    path = tmp_path / "rows.jsonl"
    good = json.dumps(ROWS[0]).encode()
    path.write_bytes(good + b'\n{"torn": \n\xff\xfe\n[1]\n\n' + good)
    problems = [row.problem for row in read(path)]
    assert [bool(problem) for problem in problems] == [False, True, True, True, False]


def test_a_number_too_long_to_read_is_one_bad_row(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text('{"question": ' + "9" * 5000 + "}\n" + json.dumps(ROWS[0]))
    assert [bool(row.problem) for row in read(path)] == [True, False]


@given(st.lists(st.binary(max_size=40)))
def test_any_bytes_are_rows_or_problems(tmp_path_factory, lines):
    path = tmp_path_factory.mktemp("fuzz") / "rows.jsonl"
    path.write_bytes(b"\n".join(lines))
    try:
        rows = read(path)
    except UserError as error:
        assert "UTF-16" in str(error) or "gzip" in str(error)
    else:
        assert not any(row.problem and row.values for row in rows)


@pytest.mark.parametrize(("name", "content"), [
    ("x.parquet", b"no parquet"), ("x.json", b"{"), ("x.json", b'{"a": 1}'), ("x.xyz", b""),
    ("x.csv", b"\xff\xfe"),
])  # fmt: skip
def test_a_file_that_is_not_what_it_says(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError) as error:
        read(tmp_path / name)
    assert "\n" not in str(error.value)


def test_missing_places(tmp_path):
    for place in (tmp_path / "nowhere", tmp_path):
        with pytest.raises(UserError, match=str(tmp_path)):
            read(place)


def test_a_file_of_all_subjects_is_filtered(tmp_path):
    path = tmp_path / "mmlu.jsonl"
    rows = [
        {"question": s, "subject": s, "choices": ["a"], "answer": 0}
        for s in ("virology", "anatomy")
    ]
    path.write_text("\n".join(map(json.dumps, rows)))
    assert [row.values["question"] for row in read(tmp_path, "mmlu", "anatomy")] == ["anatomy"]


@given(
    st.lists(st.dictionaries(st.text(), st.text() | st.none() | st.integers())), st.integers(0, 3)
)
def test_a_json_array_row_by_row(rows, indent):
    text = json.dumps(rows, indent=indent or None, ensure_ascii=False)
    assert list(iterate_json_array(io.BytesIO(text.encode("utf-8", "surrogatepass")))) == rows


@given(st.integers(0, 60), st.integers(1, 20), st.integers(0, 5))
def test_selection_is_ordered_and_repeatable(available, wanted, seed):
    rows = [Row(str(n), {}) for n in range(available)]
    assert select_rows(iter(rows), wanted) == rows[:wanted]
    chosen = select_rows(iter(rows), wanted, "sample", seed)
    assert chosen == select_rows(iter(rows), wanted, "sample", seed)
    assert len(chosen) == min(wanted, available)
    assert [int(row.id) for row in chosen] == sorted({int(row.id) for row in chosen})


@pytest.mark.parametrize(("dataset", "subject", "folder", "count"), [
    ("gsm8k", "main", "gsm8k", 1319), ("math-500", "main", "math-500", 500),
    ("ai2-arc", "ARC-Challenge", "ai2_arc", 1170), ("longbench", "multi_news", "longbench", 40),
])  # fmt: skip
def test_real_rows(dataset, subject, folder, count):
    if not (REALDATA / folder).is_dir():
        pytest.skip("no real rows beside the checkout")
    rows = read(REALDATA / folder, dataset, subject)
    assert len(rows) == count
    card = load_dataset_card(dataset)
    assert all(build_prompt(card, subject, row.values).messages for row in rows)
