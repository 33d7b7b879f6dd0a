"""Random damage to cells, files and folders: the rows that were written, or fewer, never others."""

from __future__ import annotations

import csv
import gzip
import io
import json

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from c2c_timing.cards.dataset_card import load_dataset_card
from c2c_timing.data.prompts import build_prompt
from c2c_timing.data.sources import SourceSpec, read_rows
from c2c_timing.errors import SampleError, UserError

from .support import assert_clear, cases

MARKS = "'\",[]{}:()"
# Texts without marks of their own, so that what is damaged is never the text.
words = st.text(st.characters(categories=["L", "N", "Zs"], exclude_characters="\u2028"), max_size=8)
SUBJECTS = ("anatomy", "astronomy", "virology")
MMLU = [
    {"question": f"Question {n}?", "subject": SUBJECTS[n % 3], "choices": [f"a{n}", f"b{n}", "c", "d"],
     "answer": n % 4}
    for n in range(12)
]  # fmt: skip


def printed(options):
    array = numpy.array(options, dtype=object)
    labels = [str(n) for n in range(len(options))]
    both = {"text": options, "label": labels}
    arrays = {"text": array, "label": numpy.array(labels, dtype=object)}
    return [
        json.dumps(options),
        repr(options),
        str(array),
        repr(array),
        json.dumps(both),
        str(both),
        str(arrays),
    ]


def prompts(path, dataset, subject):
    """The prompts of the rows that can be timed; the rest has to say clearly why it cannot."""
    card = load_dataset_card(dataset)
    found = []
    try:
        for row in read_rows(card, subject, SourceSpec("local", str(path))):
            if row.problem:
                assert_clear(row.problem)
                continue
            try:
                found.append(build_prompt(card, subject, row.values).messages[-1]["content"])
            except SampleError as error:
                assert_clear(str(error))
    except UserError as error:
        assert_clear(str(error))
    return found


@cases(300)
@given(st.lists(words, min_size=3, max_size=8), st.data())
def test_damaged_marks_of_a_cell(tally, tmp_path_factory, options, data):
    text = data.draw(st.sampled_from(printed(options)))
    place = data.draw(st.sampled_from([n for n, mark in enumerate(text) if mark in MARKS]))
    mark = data.draw(st.sampled_from(["", *MARKS, "\n", ".", "\\"]))
    damage = data.draw(st.sampled_from(["replace", "put in", "cut off"]))
    if text[place] in "'\"" and damage == "put in":
        damage = "replace"  # beside a quote it would be in the text
    spoilt = {
        "replace": text[:place] + mark + text[place + 1 :],
        "put in": text[:place] + mark + text[place:],
        "cut off": text[:place],
    }[damage]
    folder = tmp_path_factory.mktemp("cell")
    texts = []
    for name, cell in (("good.csv", text), ("spoilt.csv", spoilt)):
        file = io.StringIO()
        csv.writer(file).writerows([["id", "question", "choices"], ["1", "Which?", cell]])
        (folder / name).write_text(file.getvalue(), newline="")
        texts.append(prompts(folder / name, "ai2-arc", "ARC-Easy"))
    good, found = texts
    with tally.case():
        assert len(good) == 1
        assert found in ([], good)


def written(rows, ending):
    if ending.startswith("jsonl"):
        text = "".join(json.dumps(row) + "\n" for row in rows)
    elif ending.startswith("json"):
        text = json.dumps(rows)
    else:
        file = io.StringIO()
        writer = csv.DictWriter(file, rows[0], delimiter="\t" if ending == "tsv" else ",")
        writer.writeheader()
        writer.writerows({k: str(v) for k, v in row.items()} for row in rows)
        text = file.getvalue()
    content = text.encode()
    return gzip.compress(content, mtime=0) if ending.endswith(".gz") else content


@pytest.mark.parametrize("ending", ["jsonl", "json", "csv", "tsv", "jsonl.gz", "csv.gz"])
@cases(40)
@given(st.data())
def test_a_file_that_is_cut_off(tally, tmp_path_factory, ending, data):
    path = tmp_path_factory.mktemp("cut") / f"anatomy.{ending}"
    content = written(MMLU, ending)
    path.write_bytes(content)
    whole = prompts(path, "mmlu", "anatomy")
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    found = prompts(path, "mmlu", "anatomy")
    with tally.case():
        assert len(whole) == 4
        assert found == whole[: len(found)]


@cases(60)
@given(st.data())
def test_damaged_keys_of_an_object(tally, tmp_path_factory, data):
    path = tmp_path_factory.mktemp("object") / "rows.json"
    others = [{**row, "question": "another split's"} for row in MMLU]
    content = {"train": others, "test": MMLU, "dev": others}
    key = data.draw(st.sampled_from(list(content)))
    value = content.pop(key)
    if data.draw(st.booleans()):
        content[data.draw(words | st.sampled_from(["Test", "rows", "data"]))] = value
    order = data.draw(st.permutations(list(content)))
    path.write_text(json.dumps({name: content[name] for name in order}))
    found = prompts(path, "mmlu", "anatomy")
    with tally.case():
        assert len(found) in (0, 4)
        assert not any("another" in prompt for prompt in found)


@cases(60)
@given(st.data())
def test_damaged_names_of_parts(tally, tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("parts")
    for n in range(4):
        (folder / f"test-{n:05d}-of-00004.jsonl").write_bytes(
            written(MMLU[n * 3 : n * 3 + 3], "jsonl")
        )
    whole = prompts(folder, "mmlu", "anatomy")
    for part in data.draw(st.sets(st.sampled_from(sorted(folder.iterdir())), min_size=1)):
        names = [
            "",
            "test-00000-of-00002.jsonl",
            "test-00009-of-00004.jsonl",
            "x.jsonl",
            part.name + ".gz",
        ]
        name = data.draw(st.sampled_from(names))
        part.replace(folder / name) if name else part.unlink()
    found = prompts(folder, "mmlu", "anatomy")
    with tally.case():
        assert len(whole) == 4
        assert found == []


@cases(60)
@given(st.data())
def test_lost_subjects_of_rows(tally, tmp_path_factory, data):
    path = tmp_path_factory.mktemp("subjects") / "rows.jsonl"
    rows = [dict(row) for row in MMLU]
    for row in data.draw(st.lists(st.sampled_from(rows), max_size=11)):
        row["subject"] = data.draw(st.sampled_from([None, "", 5, [], {}, True, "nobody's", " "]))
        if data.draw(st.booleans()):
            del row["subject"]
    path.write_bytes(written(rows, "jsonl"))
    found = {subject: prompts(path, "mmlu", subject) for subject in SUBJECTS}
    path.write_bytes(written(MMLU, "jsonl"))
    with tally.case():
        for subject in SUBJECTS:
            assert set(found[subject]) <= set(prompts(path, "mmlu", subject))
