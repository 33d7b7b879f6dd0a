"""What a journal keeps of a shard that died in the middle."""

from __future__ import annotations

import fcntl
import json
import os
import resource
import signal

import pytest
from forks import Fork
from hypothesis import given
from hypothesis import strategies as st

from c2c_timing.errors import UserError
from c2c_timing.interrupts import Interrupted, signals_interrupt
from c2c_timing.shard.journal import Journal
from c2c_timing.shard.sample_loop import SampleResult

PRINT = {"code": "1", "rows": "2"}


def journal(folder, fingerprint=PRINT, num_samples=8):
    return Journal(folder / "journal" / "x.jsonl", fingerprint, "tiny/x", num_samples)


def cold(number):
    return {"eager": {"c2c": {"ms": number}}}


def result(number):
    text = f"sample {number}\n\u2028 \ud800 é"
    return SampleResult([{"id": text, "attempt": 1, "ms": number / 3}], [], cold(number))


def fill(folder, places, **changes):
    with journal(folder, **changes) as opened:
        for place in places:
            opened.add(place, result(place))
    return opened.path.read_bytes()


def places(opened):
    return [sample["sample"] for sample in opened.samples()]


def test_a_second_attempt_goes_on_and_says_so(tmp_path, capsys):
    fill(tmp_path, [0, 1])
    with journal(tmp_path) as opened:
        assert (opened.attempt, opened.num_taken_over, opened.finished) == (2, 2, {0, 1})
        opened.add(2, result(2))
        assert places(opened) == [0, 1, 2]
        assert [a["samples"] for a in opened.attempts()] == [2, 1]
        assert [a["cold_requests_by_runtime"] for a in opened.attempts()] == [cold(1), cold(2)]
        assert next(opened.samples())["records"] == result(0).records
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 1
    assert "attempt 2 takes over 2 of 8 samples" in said[0]


@given(st.data())
def test_cut_off_anywhere_it_keeps_every_whole_line_and_nothing_else(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("cut")
    whole = fill(folder, data.draw(st.permutations(range(4))))
    cut = data.draw(st.integers(0, len(whole)))
    tail = data.draw(st.sampled_from([b"", b"\0" * 100, b'{"sample"', b"\xff"]))
    path = folder / "journal" / "x.jsonl"
    path.write_bytes(whole[:cut] + tail)
    lines = [json.loads(line) for line in whole[:cut].split(b"\n")[:-1]]
    expected = {line["sample"] for line in lines if "sample" in line}
    with journal(folder) as opened:
        assert opened.finished == expected
        for place in set(range(4)) - expected:
            opened.add(place, result(place))
        assert places(opened) == [0, 1, 2, 3]
    assert path.read_bytes().startswith(whole[: cut - len(whole[:cut].split(b"\n")[-1])])


def test_a_damaged_line_in_the_middle_costs_only_its_sample(tmp_path):
    lines = fill(tmp_path, range(4)).splitlines(keepends=True)
    lines[3] = b"\0" * (len(lines[3]) - 1) + b"\n"
    lines += [lines[2], b'{"sample": 99, "attempt": 1}\n', b'{"sample": 5}\n', b"[]\n", b"\n"]
    (tmp_path / "journal" / "x.jsonl").write_bytes(b"".join(lines))
    with journal(tmp_path) as opened:
        assert opened.finished == {0, 2, 3}
        assert places(opened) == [0, 2, 3]


@pytest.mark.parametrize("content", [b"", b"{", b"no journal\n", b"[1]\n{}\n", b'{"journal": 1}\n'])
def test_what_is_no_journal_is_none(tmp_path, content):
    path = tmp_path / "journal" / "x.jsonl"
    path.parent.mkdir()
    path.write_bytes(content)
    assert b"sample 0" in fill(tmp_path, [0])
    with journal(tmp_path) as opened:
        assert opened.finished == {0}


def test_another_fingerprint_starts_anew_and_names_what_differs(tmp_path, capsys):
    before = fill(tmp_path, [0, 1])
    with journal(tmp_path, {**PRINT, "code": "other"}) as opened:
        assert (opened.attempt, opened.finished) == (1, set())
        said = capsys.readouterr().err
        assert "another run (other code): starting anew" in said
        old = opened.path.with_name("x.jsonl.old")
        assert old.read_bytes() == before
        opened.remove()
    assert not (tmp_path / "journal").exists()


def test_the_second_process_stops(tmp_path):
    with journal(tmp_path) as opened:
        opened.add(0, result(0))
        with pytest.raises(UserError, match="another process is timing this shard"):
            journal(tmp_path).__enter__()
        assert opened.path.read_bytes().count(b"\n") == 3
    with journal(tmp_path) as opened:
        assert opened.finished == {0}


def test_a_journal_removed_while_another_process_waited_to_open_it_is_made_again(
    tmp_path, monkeypatch
):
    first = journal(tmp_path)
    first.__enter__()
    lock, holders = fcntl.flock, [first]

    def finish_then_lock(descriptor, how):
        for holder in holders:
            holder.remove()
            holder.__exit__(None, None, None)
        holders.clear()
        lock(descriptor, how)

    monkeypatch.setattr(fcntl, "flock", finish_then_lock)
    with journal(tmp_path) as second:
        second.add(0, result(0))
        assert second.path.read_bytes().count(b"\n") == 3


def test_a_file_system_without_locks_is_said(tmp_path, monkeypatch, capsys):
    def no_lock(descriptor, how):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(fcntl, "flock", no_lock)
    assert b"sample 0" in fill(tmp_path, [0])
    assert "cannot be locked (Operation not supported)" in capsys.readouterr().err


def test_a_signal_within_a_line_takes_effect_after_it(tmp_path, monkeypatch):
    def write_slowly(descriptor, line, write=os.write):
        os.kill(os.getpid(), signal.SIGTERM)
        return write(descriptor, line[:7])

    with signals_interrupt(), journal(tmp_path) as opened:
        opened.add(0, result(0))
        monkeypatch.setattr(os, "write", write_slowly)
        with pytest.raises(Interrupted) as interrupted:
            opened.add(1, result(1))
        monkeypatch.undo()
        assert (interrupted.value.name, interrupted.value.exit_code) == ("SIGTERM", 143)
        assert places(opened) == [0, 1]
        assert "2 of 8 samples are kept" in opened.kept()


def fill_a_disk(folder, limit):
    """A file that may grow no further fails as a full disk does, in the middle of a line."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        fill(folder, range(8))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("limit", [100, 500, 1000])
def test_a_disk_that_fills_up_keeps_what_was_written(tmp_path, limit):
    _, said = Fork(fill_a_disk, tmp_path, limit).communicate()
    assert "UserError" in said
    assert "cannot be written (File too large)" in said.splitlines()[-1]
    content = (tmp_path / "journal" / "x.jsonl").read_bytes()
    assert len(content) <= limit
    assert content[-1:] in (b"", b"\n")
    with journal(tmp_path) as opened:
        assert len(opened.finished) == content.count(b'"records"')
        assert f"{len(opened.finished)} of 8 samples are kept" in opened.kept()
