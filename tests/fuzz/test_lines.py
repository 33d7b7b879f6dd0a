"""JSON Lines with torn, doubled and foreign lines: a row or a record is what it says, or named."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from thoroughness import SCALE

from c2c_timing.analysis.columns import TIMING_KEYS
from c2c_timing.analysis.merge import merge, merged_into, read_timings, write_tsv
from c2c_timing.cards.dataset_card import load_dataset_card
from c2c_timing.data.sources import SourceSpec, read_rows

from .support import HOSTILE_OTHERS, HOSTILE_TEXTS, cases, damaged, damaged_bytes, texts

FOREIGN = [b"", b"\n", b"{}\n", b"[]\n", b'"x"\n', b"null\n", b"7\n", b"{", b'{"id": "x"}\n', b"\xff\xfe\n",
           b"\xef\xbb\xbf\n", b"\0" * 30 + b"\n", b'{"a": NaN}\n', b"[" * 5000 + b"\n", b"9" * 5000 + b"\n",
           b'{"prompt": "p", "attempt": 1}\n', b'{"journal": 1, "fingerprint": {}}\n']  # fmt: skip


def record(number, **changes):
    timing = dict.fromkeys(TIMING_KEYS, number + 1.5)
    return {
        "id": f"x{number}", "dataset": "gsm8k", "subject": "main", "pair": "tiny", "method": "c2c",
        "runtime": "eager", "length_view": "natural", "repeat": 1, "order": 1, "attempt": 1,
        "prompt": "p", "prompt_length": 9, "response": "r", "response_length": 1, "residual_flag": False,
        "model_config": {"base_model": "b", "teacher_model": "t", "weights": "dummy",
                         "dtype": "float32", "device": "cpu"},
        "timing": timing | {"num_generated_tokens": 1, "projector_calls": 4},
        "decode_step_times_ms": [1.5], **changes,
    }  # fmt: skip


FAILED = {"id": "f", "dataset": "gsm8k", "subject": "main", "pair": "tiny", "method": None,
          "stage": "prompt", "error_type": "E", "message": "m"}  # fmt: skip


def as_lines(values):
    return b"".join(json.dumps(value, default=str).encode() + b"\n" for value in values)


@pytest.fixture
def merge_all_the_way(tally, tmp_path_factory):
    """Merges shards into both tables, as the command does; every number is one that was given."""

    def run(*shards, errors=b""):
        folder = tmp_path_factory.mktemp("merge")
        paths = []
        for number, content in enumerate(shards):
            paths.append(folder / f"{number}_timing.jsonl")
            paths[-1].write_bytes(content)
        (folder / "0_errors.jsonl").write_bytes(errors)
        with tally.case():
            with merged_into(folder / "timings.parquet", paths) as merged:
                write_tsv(merged.errors, folder / "errors.tsv")
            table = read_timings(folder / "timings.parquet")
            lines = [line for content in shards for line in content.splitlines() if line.strip()]
            given = [json.loads(line) for line in lines]
            given = list(
                {json.dumps(r, sort_keys=True): r for r in given}.values()
            )  # copies count once
            assert len(table) == len(given)
            found = sorted(table["total_time_ms"].dropna())
            assert found == sorted(
                float(r["timing"]["total_time_ms"]) for r in given
                if r["timing"]["total_time_ms"] is not None
            )  # fmt: skip
            assert all(map(math.isfinite, found))
            names = [
                "pair",
                "method",
                "runtime",
                "dataset",
                "subject",
                "id",
                "length_view",
                "repeat",
            ]
            names += ["model_config.device", "model_config.dtype", "model_config.weights", "setup"]
            keys = table[[name for name in names if name in table]].astype(str)
            assert not keys.duplicated().any()
        assert {path.name for path in folder.iterdir()} <= {
            *(path.name for path in paths), "0_errors.jsonl", "timings.parquet", "errors.tsv",
        }  # fmt: skip

    return run


@cases(80)
@given(st.data())
def test_torn_doubled_and_foreign_records(merge_all_the_way, data):
    lines = [as_lines([record(n)]) for n in range(3)]
    for _ in range(data.draw(st.integers(0, 2))):
        lines.insert(data.draw(st.integers(0, len(lines))), data.draw(st.sampled_from(FOREIGN)))
    if data.draw(st.booleans()):
        lines.insert(0, data.draw(st.sampled_from(lines)))
    content = b"".join(lines)
    if data.draw(st.booleans()):
        content = content[: data.draw(st.integers(0, len(content)))]
    merge_all_the_way(content, as_lines([record(9)]))


@cases(100)
@given(st.data())
def test_damaged_records(merge_all_the_way, data):
    spoilt = data.draw(damaged(record(1)))
    merge_all_the_way(as_lines([record(0), spoilt]), as_lines([record(9)]))


HOSTILE = [*HOSTILE_TEXTS, *HOSTILE_OTHERS]


@pytest.mark.parametrize("number", range(len(HOSTILE)), ids=lambda n: repr(HOSTILE[n])[:30])
def test_hostile_values_in_the_places_of_a_record(merge_all_the_way, number):
    """Each value in one of three places, each place with one of three values; all of them on demand."""
    value, good = HOSTILE[number], record(1)
    places = [(key,) for key in [*good, "new"]]
    for part in ("timing", "model_config"):
        places += [(part, key) for key in [*list(good[part])[:5], "new"]]
    for place in places[number % 3 :: 3] if SCALE == 1 else places:
        *outer, key = place
        changed = {**(good[outer[0]] if outer else good), key: value}
        spoilt = {**good, outer[0]: changed} if outer else changed
        merge_all_the_way(as_lines([record(0), spoilt, record(2)]))
    merge_all_the_way(as_lines([record(0)]), errors=as_lines([value, {**FAILED, "message": value}]))


@cases(40)
@given(st.data())
def test_damaged_bytes_of_records_and_errors(merge_all_the_way, data):
    content, errors = as_lines([record(0), record(1)]), as_lines([FAILED, FAILED])
    if data.draw(st.booleans()):
        content = data.draw(damaged_bytes(content))
    else:
        errors = data.draw(damaged_bytes(errors))
    merge_all_the_way(content, errors=errors)


def test_a_shard_that_is_named_twice_counts_once(tmp_path):
    path = tmp_path / "a_timing.jsonl"
    path.write_bytes(as_lines([record(0), record(1)]))
    table, _ = merge([path, path])
    assert len(table) == 2


@cases(200)
@given(st.lists(st.sampled_from(FOREIGN) | st.just(as_lines([{"question": "Why?"}])), max_size=6))
def test_foreign_lines_among_rows(tally, tmp_path_factory, lines):
    path = tmp_path_factory.mktemp("rows") / "rows.jsonl"
    path.write_bytes(b"".join(lines))
    good = sum(line.startswith(b'{"question"') for line in path.read_bytes().splitlines())
    with tally.case():
        rows = list(read_rows(load_dataset_card("gsm8k"), "main", SourceSpec("local", str(path))))
        tally["skipped rows"] += sum(bool(row.problem) for row in rows)
        assert sum(row.values == {"question": "Why?"} for row in rows) == good
        assert len({row.id for row in rows}) == len(rows)


@cases(100)
@given(texts)
def test_any_place_of_rows(tally, tmp_path_factory, name):
    folder = tmp_path_factory.mktemp("rows")
    for place in (f"{folder}/{name}", name):
        with tally.case():
            spec = SourceSpec("local", place)
            list(read_rows(load_dataset_card("gsm8k"), "main", spec))
