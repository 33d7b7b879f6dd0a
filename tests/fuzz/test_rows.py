"""Rows of all nine data sets: each ends as a record or as an error line, with the right prompt."""

from __future__ import annotations

import csv
import datetime
import decimal
import io
import json
from pathlib import Path

import jsonschema
import pyarrow
import pyarrow.parquet
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from sessions import with_settings

from c2c_timing.analysis.merge import merge, write_parquet
from c2c_timing.cards.dataset_card import SAMPLES, available_datasets, load_dataset_card
from c2c_timing.cards.pair_card import load_pair_card
from c2c_timing.data.answers import is_correct
from c2c_timing.data.prompts import build_prompt
from c2c_timing.data.sources import SourceSpec, read_rows
from c2c_timing.errors import UserError
from c2c_timing.settings import RunSettings
from c2c_timing.shard_names import errors_file

from .support import (
    HOSTILE_OTHERS,
    HOSTILE_TEXTS,
    assert_clear,
    cases,
    damaged,
    damaged_bytes,
    texts,
)

SCHEMA = Path(__file__).resolve().parents[2] / "workflow" / "schemas" / "record.schema.yaml"
DATASETS = available_datasets()


def first_subject(dataset):
    return next(iter(load_dataset_card(dataset).subjects))


def good_rows(dataset):
    text = (SAMPLES / dataset / f"{first_subject(dataset)}.jsonl").read_text()
    return [shortened(json.loads(line)) for line in text.splitlines()[:3]]


def shortened(value):
    """The tiny models read short prompts."""
    if isinstance(value, dict):
        return {key: shortened(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [shortened(inner) for inner in value]
    return value[-80:] if isinstance(value, str) else value


@pytest.fixture(scope="module")
def session():
    from c2c_timing.meters.wall_times import WallTimes
    from c2c_timing.session import Session

    return Session(RunSettings(load_pair_card("tiny"), max_new_tokens=1), WallTimes())


@pytest.fixture
def try_rows(session, tally, tmp_path_factory):
    """Reads a file of rows, and makes requests of them; counts each row's fate."""

    def run(dataset, content, ending):
        card, subject = load_dataset_card(dataset), first_subject(dataset)
        file = tmp_path_factory.mktemp("rows") / f"in.{ending}"
        file.write_bytes(content)
        rows = []
        with tally.case():
            rows = list(read_rows(card, subject, SourceSpec("local", str(file))))
        assert len({row.id for row in rows}) == len(rows)
        for row in rows:
            assert not (row.problem and row.values)
            if row.problem:
                assert_clear(row.problem)
                tally["skipped rows"] += 1
                continue
            with tally.case():
                prompt = build_prompt(card, subject, row.values)
                sample = session.preparation.sample(prompt, card, subject)
                if card.truncation is None:
                    assert prompt.messages[-1]["content"] in sample.tokenized.text
                assert is_correct(card, subject, row.values, "A") in (True, False, None)
        assert [path.name for path in file.parent.iterdir()] == [file.name]

    return run


@pytest.fixture
def time_rows(session, tally, tmp_path_factory):
    """Times a file of rows as a shard; counts each row's fate, and looks what was written."""
    from c2c_timing.meters.wall_times import WallTimes
    from c2c_timing.shard.run import run_shard

    validator = jsonschema.Draft202012Validator(yaml.safe_load(SCHEMA.read_text()))

    def run(dataset, content, ending):
        card, subject = load_dataset_card(dataset), first_subject(dataset)
        folder = tmp_path_factory.mktemp("rows")
        path = folder / f"in.{ending}"
        path.write_bytes(content)
        settings = RunSettings(
            load_pair_card("tiny"), methods=("base",), source=SourceSpec("local", str(path)),
            max_new_tokens=1, max_prompt_tokens=200,
        )  # fmt: skip
        tally["cases tried"] += 1
        try:
            shard = with_settings(session, settings)
            run = run_shard(card, subject, shard, WallTimes(), folder / "out")
        except UserError as error:
            tally["clear errors"] += 1
            assert_clear(str(error))
            run = None
        files = {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()} - {path.name}
        name = f"{dataset}_{subject}"
        start = f"out/tiny/{name}"
        failed = f"out/tiny/failed/{name}_errors.jsonl"
        whole = {f"{start}_timing.jsonl", f"{start}_run.json", failed}
        assert files <= (whole if run else {f"{failed}.partial"})
        if not run:
            return
        check(card, subject, settings, folder / f"{start}_timing.jsonl", run)

    def check(card, subject, settings, timing, run):
        rows = list(read_rows(card, subject, settings.source))
        records = [json.loads(line) for line in timing.read_bytes().splitlines()]
        errors = [json.loads(line) for line in errors_file(timing).read_bytes().splitlines()]
        tally["skipped rows"] += len(errors)
        assert len({row.id for row in rows}) == len(rows)
        assert len(records) + len(errors) == len(rows) == run["counts"]["samples"]
        texts = {row.id: row for row in rows}
        for record in records:
            validator.validate(record)
            row = texts.pop(record["id"])
            prompt = build_prompt(card, subject, row.values).messages[-1]["content"]
            if card.truncation is None:
                assert prompt in record["prompt"]
        assert {error["id"] for error in errors} == set(texts)
        assert all(error["message"] or error["error_type"] for error in errors)
        table, failed = merge([timing])
        write_parquet(table, timing.with_name("merged.parquet"))
        assert (len(table), len(failed)) == (len(records), len(errors))

    return run


def as_jsonl(rows):
    return "".join(json.dumps(row, default=str) + "\n" for row in rows).encode()


def as_json(rows):
    return json.dumps(rows, default=str).encode()


def as_csv(rows):
    text = io.StringIO()
    writer = csv.DictWriter(text, list(dict.fromkeys(str(key) for row in rows for key in row)))
    writer.writeheader()
    for row in rows:
        writer.writerow({str(k): json.dumps(v, default=str) if isinstance(v, list | dict) else v
                         for k, v in row.items()})  # fmt: skip
    return text.getvalue().encode("utf-8", "replace")


def as_parquet(rows):
    file = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), file)
    return file.getvalue()


@pytest.mark.parametrize("dataset", DATASETS)
@cases(20)
@given(st.data())
def test_damaged_rows(try_rows, dataset, data):
    rows = good_rows(dataset)
    spoilt = data.draw(st.lists(damaged(rows[0]), min_size=1, max_size=8))
    write = data.draw(st.sampled_from([as_jsonl, as_jsonl, as_json, as_csv]))
    try_rows(dataset, write([rows[0], *spoilt, *rows[1:]]), write.__name__[3:])


@pytest.mark.parametrize("dataset", DATASETS)
def test_a_hostile_value_in_every_column(try_rows, dataset):
    good = good_rows(dataset)[0]
    values = [*HOSTILE_TEXTS, *HOSTILE_OTHERS]
    rows = [{**good, column: value} for column in good for value in values]
    for turn, write in enumerate((as_jsonl, as_json, as_csv)):
        try_rows(dataset, write(rows[turn::3]), write.__name__[3:])


@pytest.mark.parametrize("dataset", DATASETS)
def test_a_shard_of_hostile_rows(time_rows, dataset):
    good, *others = good_rows(dataset)
    values = [*HOSTILE_TEXTS, *HOSTILE_OTHERS]
    columns = list(good)
    rows = [{**good, columns[n % len(columns)]: value} for n, value in enumerate(values)]
    time_rows(
        dataset, as_jsonl([*rows, *others]) + b'{"torn": \n\xff\n[]\n"x"\n' + b"9" * 5000, "jsonl"
    )


@pytest.mark.parametrize("dataset", DATASETS)
@cases(30)
@given(st.data())
def test_damaged_bytes_of_rows(try_rows, dataset, data):
    write = data.draw(st.sampled_from([as_jsonl, as_jsonl, as_json, as_csv, as_parquet]))
    content = data.draw(damaged_bytes(write(good_rows(dataset))))
    try_rows(dataset, content, write.__name__[3:])


ODD = {
    "bytes": [b"\xff\0", b""], "dates": [datetime.date(2024, 2, 29)] * 2,
    "times": [datetime.timedelta(days=1)] * 2, "decimals": [decimal.Decimal("1.10")] * 2,
    "floats": [float("nan"), float("inf")], "maps": [[("a", "b")], []], "nulls": [None, None],
    "structs": [{"text": ["a", "b"], "label": ["A", "B"]}, {"text": None, "label": None}],
    "numbers": [2**62, -1], "truths": [True, None], "lists": [["a", "b"], ["c", None]],
}  # fmt: skip


@pytest.mark.parametrize("dataset", DATASETS)
def test_odd_types_of_parquet(try_rows, dataset):
    good = good_rows(dataset)[:2]
    for column in good[0]:
        for kind, values in ODD.items():
            table = pyarrow.Table.from_pylist(good)
            made = pyarrow.array(
                values, pyarrow.map_(pyarrow.string(), pyarrow.string()) if kind == "maps" else None
            )
            table = table.set_column(table.column_names.index(column), column, made)
            file = io.BytesIO()
            pyarrow.parquet.write_table(table, file)
            try_rows(dataset, file.getvalue(), "parquet")


IDS = [None, "", "a", "a", "a#2", "a#2", "a#3", 1, "1", 1.0, True, [], {"a": 1}, "../../x", "x\ny", "x" * 999,
       "\0", "a/b", "'", '"', "\ud800", "\udfff", "gsm8k/main/0", "math-500/main/0"]  # fmt: skip


@cases(60)
@given(st.lists(st.sampled_from(IDS) | texts, max_size=12))
def test_hostile_ids(try_rows, ids):
    rows = [{"unique_id": name, "problem": f"What is {n}?"} for n, name in enumerate(ids)]
    rows.append({"problem": "What else?"})
    try_rows("math-500", as_jsonl(rows), "jsonl")


def test_a_shard_of_hostile_ids(time_rows):
    rows = [{"unique_id": name, "problem": "What is it?"} for name in [*IDS, *HOSTILE_TEXTS]]
    time_rows("math-500", as_jsonl(rows), "jsonl")


@cases(150)
@given(st.data())
def test_no_answer_and_no_row_upsets_a_judge(tally, data):
    dataset = data.draw(st.sampled_from(DATASETS))
    card, subject = load_dataset_card(dataset), first_subject(dataset)
    row = data.draw(damaged(good_rows(dataset)[0]))
    response = data.draw(
        texts | st.sampled_from(["A", "Answer: B", "#### 7", "The answer is 1e999"])
    )
    with tally.case():
        assert is_correct(card, subject, row, response) in (True, False, None)


NO_GOLD = {
    "index": [-1, 10, 1.5, True, float("inf"), float("nan"), "A", [], "x"],
    "letter": ["", "K", "AB", 1, None, [], " "], "label": ["", "Z", 5, [], {}],
    "number_after_hashes": ["7", "#### x", "#### nan", "#### " + "9" * 400, 7, []],
    "exact": [[], {}, ["7"]], "any_of": ["a", {"a": 1}, 5, []],
}  # fmt: skip
RULE = {"mmlu": "index", "mmlu-redux": "index", "mmlu-pro": "letter", "ai2-arc": "label",
        "gsm8k": "number_after_hashes", "math-500": "exact", "longbench": "any_of"}  # fmt: skip


@pytest.mark.parametrize("dataset", RULE)
def test_an_answer_that_is_none_judges_nothing(tally, dataset):
    card, subject = load_dataset_card(dataset), first_subject(dataset)
    column, row = card.answer_for(subject)["column"], good_rows(dataset)[0]
    assert is_correct(card, subject, row, "A") in (True, False)
    for gold in NO_GOLD[RULE[dataset]]:
        for response in ("A", "a", "7", "nan", "9" * 400, ""):
            with tally.case():
                assert is_correct(card, subject, {**row, column: gold}, response) is None
