"""Shards in which something breaks: what is kept, and what the next attempt does."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from folders import SCRIPTS
from sessions import with_settings

from c2c_timing.cards.dataset_card import load_dataset_card
from c2c_timing.cards.pair_card import load_pair_card
from c2c_timing.data.sources import Row, SourceSpec
from c2c_timing.errors import UserError
from c2c_timing.meters.wall_times import WallTimes
from c2c_timing.session import Session
from c2c_timing.settings import RunSettings
from c2c_timing.shard import fingerprint as fingerprint_module
from c2c_timing.shard.fingerprint import fingerprint
from c2c_timing.shard.run import run_shard, time_batches

CARD = load_dataset_card("gsm8k")
NUM_SAMPLES = 6


@pytest.fixture(scope="module")
def loaded():
    return Session(RunSettings(load_pair_card("tiny")), WallTimes())


@pytest.fixture
def session(tmp_path, loaded):
    rows = [{"question": f"How much is {n} + {n}?"} for n in range(NUM_SAMPLES)]
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    settings = RunSettings(
        load_pair_card("tiny"), source=SourceSpec("local", str(path)), max_new_tokens=1,
        methods=("c2c", "base"),
    )  # fmt: skip
    return with_settings(loaded, settings)


class Spoilt:
    """A method that may raise when a request is about to be made."""

    def __init__(self, method, spoil):
        self.prepare, self._run, self._spoil = method.prepare, method.run, spoil

    def run(self, pair, task, clock):
        self._spoil()
        return self._run(pair, task, clock)


@pytest.fixture
def time_shard(tmp_path, session):
    """One attempt; ``spoil`` may raise when a request is about to be made, of which it gets the number."""

    def run(spoil=lambda number: None):
        requests = iter(range(10**6))

        attempt = copy.copy(session)
        attempt.methods = {
            name: Spoilt(method, lambda: spoil(next(requests)))
            for name, method in session.methods.items()
        }
        return run_shard(CARD, "main", attempt, WallTimes(), tmp_path / "out")

    return run


def lines(path):
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def fail_at(first, error):
    def spoil(number):
        if number >= first:
            raise error

    return spoil


def test_a_broken_device_ends_the_shard_and_the_next_attempt_goes_on(tmp_path, time_shard, capsys):
    # two warm-up requests, then two a sample: the first request of the third sample breaks it
    broken = torch.AcceleratorError("CUDA error: unspecified launch failure\nlong advice", 0)
    with pytest.raises(UserError, match=r"the device failed .*3 of 6 samples are kept"):
        time_shard(fail_at(6, broken))
    folder = tmp_path / "out" / "tiny"
    assert [path.name for path in folder.iterdir()] == ["journal"]
    run = time_shard()
    assert run["counts"] | {"flagged": 0} == {
        "samples": 6, "taken_over": 3, "records": 10, "errors": 1, "flagged": 0,
    }  # fmt: skip
    assert [
        error["error_type"] for error in lines(folder / "failed" / "gsm8k_main_errors.jsonl")
    ] == ["AcceleratorError"]
    attempts = [record["attempt"] for record in lines(folder / "gsm8k_main_timing.jsonl")]
    assert attempts == [1] * 4 + [2] * 6
    assert "attempt 2 takes over 3 of 6 samples" in capsys.readouterr().err


def test_other_settings_start_anew(tmp_path, time_shard, session, capsys):
    with pytest.raises(KeyboardInterrupt):
        time_shard(fail_at(6, KeyboardInterrupt()))
    other = with_settings(session, replace(session.settings, seed=1))
    run = run_shard(CARD, "main", other, WallTimes(), tmp_path / "out")
    assert "is of another run (other settings): starting anew" in capsys.readouterr().err
    assert (run["counts"]["taken_over"], len(run["attempts"])) == (0, 1)
    assert len(list((tmp_path / "out" / "tiny").iterdir())) == 3


def test_memory_that_does_not_suffice_costs_one_method_of_one_sample(time_shard):
    def spoil(number):
        if number in (4, 5, 6):  # nor when others have let go of theirs, nor when all have
            raise torch.OutOfMemoryError("CUDA out of memory")

    counts = time_shard(spoil)["counts"]
    assert (counts["records"], counts["errors"]) == (11, 1)


def test_outputs_that_cannot_be_written_keep_the_journal(tmp_path, time_shard):
    folder = tmp_path / "out" / "tiny"
    obstacle = folder / "failed" / "gsm8k_main_errors.jsonl.partial"
    obstacle.mkdir(parents=True)
    with pytest.raises(UserError, match=r"cannot be written .*6 of 6 samples are kept"):
        time_shard()
    assert not (folder / "gsm8k_main_timing.jsonl").exists()
    before = lines(folder / "journal" / "gsm8k_main.journal")
    obstacle.rmdir()
    run = time_shard(fail_at(0, AssertionError("a finished sample is timed again")))
    assert run["counts"]["taken_over"] == 6
    records = [record for line in before if "records" in line for record in line["records"]]
    assert lines(folder / "gsm8k_main_timing.jsonl") == records
    assert len(list(folder.iterdir())) == 3


def test_where_every_sample_failed_the_next_attempt_tries_them_all(tmp_path, time_shard):
    for _ in range(2):
        with pytest.raises(UserError, match=r"every sample failed.*no luck"):
            time_shard(fail_at(0, RuntimeError("no\nluck")))
    partial = tmp_path / "out" / "tiny" / "failed" / "gsm8k_main_errors.jsonl.partial"
    assert list(partial.parent.iterdir()) == [partial]
    assert len(lines(partial)) == 12
    assert time_shard()["counts"]["records"] == 12


def test_several_batches_go_on_too(tmp_path, session):
    batches = [(load_dataset_card(name), "main", [Row(f"{name}{n}", {column: f"{n} + 1?"}) for n in "ab"])
               for name, column in (("gsm8k", "question"), ("math-500", "problem"))]  # fmt: skip
    output = tmp_path / "f.jsonl"
    for last in (3, 10**6):
        calls = iter(range(10**6))

        def spoil(last=last, calls=calls):
            if next(calls) == last:
                raise KeyboardInterrupt

        attempt = copy.copy(session)
        attempt.methods = session.methods | {"c2c": Spoilt(session.methods["c2c"], spoil)}
        try:
            counts = time_batches(batches, attempt, WallTimes(), output)["counts"]
        except KeyboardInterrupt:
            assert (tmp_path / "journal" / "f.journal").is_file()
            assert not output.exists()
    assert (counts["taken_over"], counts["records"]) == (2, 8)
    ids = [record["id"] for record in lines(output)]
    assert list(dict.fromkeys(ids)) == ["gsm8ka", "gsm8kb", "math-500a", "math-500b"]


def differs(old, new):
    return {topic for topic in old if old[topic] != new[topic]}


def test_the_fingerprint_knows_what_determines_a_record(tmp_path, session, monkeypatch):
    rows, settings = [Row("a", {"question": "Why?"})], session.settings
    old = fingerprint([(CARD, "main", rows)], session)
    assert fingerprint([(CARD, "main", list(rows))], session) == old
    for change in (
        {"dtype": "bfloat16"}, {"methods": ("base",)}, {"runtimes": ("other",)},
        {"length_views": ("fixed",)}, {"repeats": 2},
        {"message_max_tokens": 5}, {"max_new_tokens": 7}, {"temperature": 1.0}, {"top_p": 0.5}, {"seed": 1},
        {"top_k": 3}, {"residual_limit": 0.5}, {"max_prompt_tokens": 5}, {"selection": "sample"},
        {"source": SourceSpec("builtin")}, {"pair": replace(settings.pair, fusion_mode="parallel")},
    ):  # fmt: skip
        other = with_settings(session, replace(settings, **change))
        changed = fingerprint([(CARD, "main", rows)], other)
        assert differs(old, changed) == {"settings"}, change
    other = [Row("a", {"question": "Who?"})]
    assert differs(old, fingerprint([(CARD, "main", other)], session)) == {"rows"}
    card = replace(CARD, content={**CARD.content, "max_new_tokens": 3})
    assert differs(old, fingerprint([(card, "main", rows)], session)) == {"cards"}
    threads = torch.get_num_threads()
    monkeypatch.setattr(session, "model_config", {**session.model_config, "threads": threads + 1})
    assert differs(old, fingerprint([(CARD, "main", rows)], session)) == {"device"}
    monkeypatch.undo()
    (tmp_path / "edited.py").write_text("edited")
    monkeypatch.setattr(fingerprint_module, "record_code", lambda: [tmp_path / "edited.py"])
    assert differs(old, fingerprint([(CARD, "main", rows)], session)) == {"code"}


def test_weights_that_were_changed_are_other_weights(tmp_path, session):
    for name in ("base", "fuser"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "weights").write_text("1")
    card = session.settings.pair
    card = replace(
        card,
        base=replace(card.base, weights="local", model=str(tmp_path / "base")),
        fusers=(replace(card.fusers[0], weights="local", checkpoint=str(tmp_path / "fuser")),),
    )
    prints = []
    for edited in (None, "base", "fuser"):
        if edited:
            (tmp_path / edited / "weights").write_text("22")
        other = with_settings(session, replace(session.settings, pair=card))
        other.card = card
        prints.append(fingerprint([], other))
    assert differs(prints[0], prints[1]) == differs(prints[1], prints[2]) == {"weights"}


def test_a_log_on_a_full_disk_ends_nothing():
    full = Path("/dev/full")
    if not full.is_char_device():
        pytest.skip("no /dev/full on this system")
    script = SCRIPTS / "comprehensive_timing_benchmark.py"
    with full.open("w") as log:
        done = subprocess.run(
            [sys.executable, script, "--dataset", "gsm8"], stderr=log, check=False
        )
    assert done.returncode == 1
