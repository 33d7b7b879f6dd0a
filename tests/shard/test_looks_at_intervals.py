"""Looks at intervals: when repeats end, and that significance has no part in it."""

from __future__ import annotations

import itertools
import json
import math
from collections import Counter
from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sessions import with_settings

from c2c_timing.cards.dataset_card import load_dataset_card
from c2c_timing.cards.pair_card import load_pair_card
from c2c_timing.cli import add_decoding_arguments, add_precision_arguments
from c2c_timing.data.sources import SourceSpec
from c2c_timing.meters.wall_times import WallTimes
from c2c_timing.session import Session
from c2c_timing.settings import RunSettings
from c2c_timing.shard.journal import Journal
from c2c_timing.shard.looks import look_at, look_words
from c2c_timing.shard.run import run_shard
from c2c_timing.shard.sample_loop import SampleLoop, SampleResult

CARD, PAIR = load_dataset_card("gsm8k"), load_pair_card("tiny")
SETTINGS = RunSettings(PAIR, methods=("base", "c2c"), target_interval=0.05)


@dataclass
class Finished:
    """As much of a journal as a look reads: samples of some rounds."""

    num_samples: int
    lines: list

    def samples(self):
        return iter(self.lines)


def finished(times, factor=1.0):
    """A journal of one round: ``times`` of base and C2C, sample by sample."""
    lines = []
    for at, both in enumerate(times):
        records = [
            {"method": method, "runtime": "eager", "length_view": "natural", "repeat": 1,
             "timing": {"total_time_ms": ms}}
            for method, ms in zip(("base", "c2c"), (both[0], both[1] * factor), strict=True)
        ]  # fmt: skip
        lines.append({"sample": at, "records": records})
    return Finished(len(times), lines)


milliseconds = st.floats(1, 1e4)
shards = st.lists(st.tuples(milliseconds, milliseconds), min_size=5, max_size=12)


@given(shards, st.floats(1e-3, 1e3))
def test_a_look_sees_widths_and_no_difference(times, factor):
    """C2C a thousand times faster, or slower, or equal: the same is decided."""
    here, there = (look_at(finished(times, by), SETTINGS, 0) for by in (1.0, factor))
    assert here["relative_half_width"] == pytest.approx(there["relative_half_width"], 1e-6, 1e-9)
    near = abs(here["relative_half_width"] - SETTINGS.target_interval) < 1e-6
    assert near or here["stops"] == there["stops"]


@given(st.integers(1, 20), st.integers(0, 20))
def test_looks_are_fixed_beforehand_and_double(repeats, more):
    looks = replace(SETTINGS, repeats=repeats, max_repeats=repeats + more).looks
    assert looks[0] == repeats and looks[-1] == repeats + more
    assert all(b == min(2 * a, repeats + more) for a, b in itertools.pairwise(looks))
    assert replace(SETTINGS, repeats=repeats, target_interval=None).looks == (repeats,)


def test_an_interval_of_equal_ratios_is_narrow_and_one_of_few_samples_is_none():
    look = look_at(finished([(1.0, 2.0)] * 5), SETTINGS, 0)
    assert look["relative_half_width"] == pytest.approx(0, abs=1e-9)
    assert look["stops"] == "narrow enough" and (look["look"], look["of"]) == (1, 4)
    assert look["confidence"] == pytest.approx(1 - 0.05 / 4)
    look = look_at(finished([(1.0, 2.0)] * 4), SETTINGS, 0)
    assert look["relative_half_width"] is None and look["stops"] == "no interval"
    assert "too few samples" in look_words(look)


@pytest.fixture(scope="module")
def loaded():
    return Session(RunSettings(PAIR), WallTimes())


def session_for(folder, loaded, rows, **changes):
    path = folder / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    settings = RunSettings(
        PAIR, source=SourceSpec("local", str(path)), max_new_tokens=1, methods=("base", "c2c"),
    )  # fmt: skip
    return with_settings(loaded, replace(settings, **changes))


ROWS = [{"question": f"How much is {n} + {n}?"} for n in range(6)]


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_repeats_go_on_to_the_last_look_where_no_interval_is_so_narrow(tmp_path, loaded):
    session = session_for(tmp_path, loaded, ROWS, target_interval=1e-9, max_repeats=3)
    run = run_shard(CARD, "main", session, WallTimes(), tmp_path / "out")
    assert [look["repeats"] for look in run["looks"]] == [1, 2, 3]
    assert [look["requests"] for look in run["looks"]] == [12, 24, 36]
    assert [look["stops"] for look in run["looks"]] == [None, None, "max_repeats"]
    records = lines(tmp_path / "out" / "tiny" / "gsm8k_main_timing.jsonl")
    keys = Counter((r["id"], r["method"], r["repeat"]) for r in records)
    assert len(keys) == len(records) == 36
    assert {record["possible_looks"] for record in records} == {3}
    assert run["counts"]["samples"] == 6 and run["counts"]["records"] == 36


def test_and_end_at_the_first_look_where_all_are(tmp_path, loaded):
    # The same code under two names, whose intervals no machine makes that wide.
    session = session_for(
        tmp_path, loaded, ROWS, methods=("c2c",), resolution=True, target_interval=0.999999
    )
    run = run_shard(CARD, "main", session, WallTimes(), tmp_path / "out")
    assert run["looks"][-1]["widest"] == "c2c against c2c_again"
    if run["looks"][-1]["stops"] == "narrow enough":
        assert run["counts"]["records"] == run["looks"][-1]["requests"]
    assert len(run["looks"]) == sum(not look["stops"] for look in run["looks"]) + 1


def test_a_failure_is_told_once_however_many_rounds(tmp_path, loaded):
    rows = [*ROWS, {"question": None}]
    session = session_for(tmp_path, loaded, rows, target_interval=1e-9, max_repeats=4)
    run = run_shard(CARD, "main", session, WallTimes(), tmp_path / "out")
    assert run["counts"]["errors"] == 1 and run["counts"]["records"] == 6 * 2 * 4
    assert len(lines(tmp_path / "out" / "tiny" / "failed" / "gsm8k_main_errors.jsonl")) == 1


class CutOff(SampleLoop):
    """A loop that is ended from outside, at some moment of some round."""

    left = 0

    def time_row(self, *arguments):
        if not CutOff.left:
            raise KeyboardInterrupt
        CutOff.left -= 1
        return super().time_row(*arguments)


@pytest.mark.parametrize("after", [3, 6, 8, 14])
def test_a_shard_that_was_cut_off_goes_on_where_it_was(tmp_path, loaded, monkeypatch, after):
    session = session_for(tmp_path, loaded, ROWS, target_interval=1e-9, max_repeats=4)
    monkeypatch.setattr("c2c_timing.shard.run.SampleLoop", CutOff)
    CutOff.left = after
    with pytest.raises(KeyboardInterrupt):
        run_shard(CARD, "main", session, WallTimes(), tmp_path / "out")
    journal = tmp_path / "out" / "tiny" / "journal" / "gsm8k_main.journal"
    before = [line["records"] for line in lines(journal) if "records" in line]
    assert len(before) == after
    CutOff.left = 1000
    run = run_shard(CARD, "main", session, WallTimes(), tmp_path / "out")
    assert run["counts"]["taken_over"] == len(before)
    assert [look["requests"] for look in run["looks"]] == [12, 24, 48]
    records = lines(tmp_path / "out" / "tiny" / "gsm8k_main_timing.jsonl")
    assert records[: sum(map(len, before))] == [r for each in before for r in each]
    assert len({(r["id"], r["method"], r["repeat"]) for r in records}) == len(records) == 48


def test_a_journal_counts_rounds_apart(tmp_path):
    path = tmp_path / "journal" / "x.journal"
    with Journal(path, {}, "tiny/x", 2, rounds=3) as journal:
        for place in (0, 1, 2, 5):
            journal.add(place, SampleResult())
        assert "4 of at most 6 rounds of samples" in journal.kept()
    with Journal(path, {}, "tiny/x", 2, rounds=3) as journal:
        assert journal.finished == {0, 1, 2, 5}


def test_flags_that_ask_for_nothing_are_refused_in_one_line():
    import argparse

    from c2c_timing.cli import add_pair_arguments, add_source_arguments, settings_from
    from c2c_timing.errors import UserError

    def settings(*words):
        parser = argparse.ArgumentParser()
        for add in (add_pair_arguments, add_decoding_arguments, add_precision_arguments):
            add(parser)
        add_source_arguments(parser, source="builtin")
        return settings_from(parser.parse_args(words), SourceSpec("builtin"))

    assert settings("--target_interval", "0.05", "--resolution").arms == ("c2c", "c2c_again")
    for words, problem in {
        ("--target_interval", "0.05"): "needs something to compare",
        ("--target_interval", "5", "--resolution"): "as 0.05 for",
        ("--target_interval", "nan", "--resolution"): "as 0.05 for",
        ("--target_interval", "0.1", "--resolution", "--repeats", "9"): "is below --repeats 9",
        ("--process", "2"): "there are 1",
    }.items():
        with pytest.raises(UserError, match=problem):
            settings(*words)
    assert math.isclose(
        settings("--methods", "base", "c2c", "--target_interval", ".1").target_interval, 0.1
    )
