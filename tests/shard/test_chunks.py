"""A subject in chunks: the same samples, in the same order, with the same ids and the same partners."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sessions import with_settings

from c2c_timing.cards.dataset_card import load_dataset_card
from c2c_timing.cards.pair_card import load_pair_card
from c2c_timing.data.selection import select_rows, with_others
from c2c_timing.data.sources import SourceSpec
from c2c_timing.data.sources.rows import with_ids
from c2c_timing.errors import UserError
from c2c_timing.interrupts import Interrupted
from c2c_timing.meters.wall_times import WallTimes
from c2c_timing.session import Session
from c2c_timing.settings import RunSettings
from c2c_timing.shard.chunks import part_of
from c2c_timing.shard.files import ShardFiles
from c2c_timing.shard.run import run_shard
from c2c_timing.shard_names import Chunk, chunk_name, split_chunk_name

CARD = load_dataset_card("gsm8k")


@pytest.fixture(scope="module")
def loaded():
    return Session(RunSettings(load_pair_card("tiny")), WallTimes())


def chunks(number):
    return [Chunk(i, number) for i in range(1, number + 1)]


@settings(max_examples=200)
@given(
    texts=st.lists(st.sampled_from(["a", "b", "c", "d", ""]), max_size=30), of=st.integers(1, 12),
    wanted=st.one_of(st.none(), st.integers(1, 40)), selection=st.sampled_from(["first", "sample"]),
    seed=st.integers(0, 5),
)  # fmt: skip
def test_all_chunks_together_are_the_selection(texts, of, wanted, selection, seed):
    found = [{"question": text} for text in texts]

    def selected():
        rows = with_ids(iter(found), CARD, "main")
        return with_others(select_rows(rows, wanted, selection, seed))

    whole = selected()
    parts = [part_of(selected(), chunk, wanted) for chunk in chunks(of)]
    assert [row for part in parts for row in part] == whole == part_of(whole, None, wanted)
    number = wanted or len(whole)
    places = [part_of(range(number), chunk, wanted) for chunk in chunks(of)]
    assert parts == [[whole[at] for at in own if at < len(whole)] for own in places]
    sizes = {len(own) for own in places}
    assert max(sizes) - min(sizes) <= 1


@given(subject=st.from_regex(r"\w[\w.+-]{0,20}", fullmatch=True), number=st.integers(1, 99),
       more=st.integers(0, 99))  # fmt: skip
def test_a_chunk_s_name_tells_subject_and_chunk(subject, number, more):
    chunk = Chunk(number, number + more)
    assert split_chunk_name(chunk_name(subject, chunk)) == (subject, chunk)


@pytest.mark.parametrize("name", ["main", "v1.5", "a.1-of-2.b", "1-of-2", "x-of-3"])
def test_a_name_with_dots_is_no_chunk(name):
    assert split_chunk_name(name) == (name, None)


def test_chunks_make_the_records_of_the_whole(tmp_path, loaded):
    run = RunSettings(load_pair_card("tiny"), methods=("base", "c2c_shuffled"), num_samples=5,
                      max_new_tokens=2)  # fmt: skip
    session = with_settings(loaded, run)

    def timed(folder, *parts):
        for part in parts:
            run_shard(CARD, "main", session, WallTimes(), folder, chunk=part)
        files = [ShardFiles.of_shard(folder / "tiny", "gsm8k", "main", part) for part in parts]
        return [json.loads(line) for file in files for line in file.timing.open()]

    def told(records):
        keys = ("id", "method", "order", "prompt", "response", "teacher_sample_id", "row_digest")
        return [[record.get(key) for key in keys] for record in records]

    whole = told(timed(tmp_path / "whole", None))
    for number in (2, 5):
        assert told(timed(tmp_path / str(number), *chunks(number))) == whole
    run_file = tmp_path / "2" / "tiny" / "gsm8k_main.2-of-2_run.json"
    assert json.loads(run_file.read_text())["chunk"] == "2-of-2"


def test_a_chunk_that_died_goes_on_after_its_own_last_sample(tmp_path, loaded, monkeypatch):
    run = RunSettings(load_pair_card("tiny"), num_samples=6, max_new_tokens=1)
    session, calls = with_settings(loaded, run), iter(range(100))
    time_request = Session.time_request

    def dies(*words):
        if next(calls) == 3:  # a warm-up, two samples, and in the third
            raise Interrupted(15)
        return time_request(*words)

    monkeypatch.setattr(Session, "time_request", dies)
    with pytest.raises(Interrupted):
        run_shard(CARD, "main", session, WallTimes(), tmp_path, chunk=Chunk(2, 2))
    assert [path.name for path in tmp_path.rglob("*.journal")] == ["gsm8k_main.2-of-2.journal"]
    counts = [
        run_shard(CARD, "main", session, WallTimes(), tmp_path, chunk=chunk)["counts"]
        for chunk in chunks(2)
    ]
    assert [(each["samples"], each["taken_over"]) for each in counts] == [(3, 0), (3, 2)]


def shard(tmp_path, loaded, rows, chunk, **changes):
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    run = RunSettings(
        load_pair_card("tiny"), source=SourceSpec("local", str(path)), max_new_tokens=1
    )
    session = with_settings(loaded, replace(run, **changes))
    counts = run_shard(CARD, "main", session, WallTimes(), tmp_path / "out", chunk=chunk)["counts"]
    return counts, ShardFiles.of_shard(tmp_path / "out" / "tiny", "gsm8k", "main", chunk)


def test_a_chunk_beyond_the_last_row_is_finished_without_records(tmp_path, loaded, capsys):
    rows = [{"question": f"{n} + {n}?"} for n in range(3)]
    counts, files = shard(tmp_path, loaded, rows, Chunk(3, 3), num_samples=9)
    assert counts["records"] == counts["errors"] == counts["samples"] == 0
    assert files.timing.read_text() == files.errors.read_text() == ""
    assert json.loads(files.run.read_text())["counts"] == counts
    assert (
        "asked for 9 samples and got 3: the source has no more; none is left for this chunk"
        in capsys.readouterr().err
    )
    with pytest.raises(UserError, match="no rows"):
        shard(tmp_path, loaded, [], Chunk(3, 3), num_samples=9)


def test_a_chunk_of_bad_rows_is_finished_and_one_whose_requests_fail_is_not(
    tmp_path, loaded, monkeypatch
):
    rows = [{"question": "1 + 1?"}, {"question": ""}]
    counts, files = shard(tmp_path, loaded, rows, Chunk(2, 2))
    assert (counts["records"], counts["errors"]) == (0, 1)
    assert "column 'question' is empty" in files.errors.read_text()
    with pytest.raises(UserError, match="every sample failed"):
        shard(tmp_path, loaded, rows[1:], None)

    def breaks(*_):
        raise RuntimeError("broken")

    monkeypatch.setattr(Session, "time_request", breaks)
    with pytest.raises(UserError, match=r"main\.1-of-2: every sample failed.*broken"):
        shard(tmp_path, loaded, rows, Chunk(1, 2))


def test_another_chunk_s_sample_that_a_teacher_reads_is_part_of_the_fingerprint(tmp_path, loaded):
    def digest(rows):
        _, files = shard(tmp_path, loaded, rows, Chunk(2, 2))
        return json.loads(files.run.read_text())["fingerprint"]["rows"]

    rows = [{"question": f"{n} + {n}?"} for n in range(4)]
    first = digest(rows)
    assert digest([{"question": "other"}, *rows[1:]]) == first
    assert digest([rows[0], {"question": "other"}, *rows[2:]]) != first
