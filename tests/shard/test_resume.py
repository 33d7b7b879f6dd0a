"""Shards that are killed, interrupted or run out of disk, and what the next attempt makes of it."""

from __future__ import annotations

import contextlib
import itertools
import json
import signal
import time
from collections import Counter
from pathlib import Path

import jsonschema
import pytest
import yaml
from folders import ROOT
from forks import command
from patience import PATIENCE

from c2c_timing.cards.dataset_card import load_dataset_card
from c2c_timing.data.sources import SourceSpec, read_rows

SCRIPTS = ROOT / "workflow" / "scripts"
SCHEMA = ROOT / "workflow" / "schemas" / "record.schema.yaml"
# More samples than twenty killed attempts can finish.
NUM_SAMPLES, KILLS = 80, 20


def lines(path):
    content = path.read_bytes()
    assert content.endswith(b"\n")
    return [json.loads(line) for line in content.splitlines()]


def write_rows(folder, count):
    rows = ({"question": f"How much is {n} + {n}?", "answer": str(2 * n)} for n in range(count))
    text = "".join(
        json.dumps(row if n % 10 else {"answer": "?"}) + "\n" for n, row in enumerate(rows)
    )
    (folder / "rows.jsonl").write_text(text)


@pytest.mark.parametrize("seed", [0])
def test_killed_at_twenty_random_moments_no_finished_sample_is_timed_again(tmp_path, seed):
    write_rows(tmp_path, NUM_SAMPLES)
    driver = command(
        Path(__file__).with_name("kill_driver.py"), tmp_path, seed, KILLS, cwd=tmp_path
    )
    told, said = driver.communicate()
    assert driver.returncode == 0, said
    attempts = [json.loads(line) for line in told.splitlines()]
    assert [attempt["killed"] for attempt in attempts] == [True] * KILLS + [False]
    assert "Traceback" not in said

    # Whatever stood in the journal once stood there ever after, byte for byte.
    for earlier, later in itertools.pairwise(attempts[:-1]):
        assert later["samples"][: len(earlier["samples"])] == earlier["samples"]
    before_the_last = [json.loads(line) for line in attempts[-2]["samples"]]
    assert 0 < len(before_the_last) < NUM_SAMPLES
    assert len({sample["attempt"] for sample in before_the_last}) > 1

    folder = tmp_path / "out" / "tiny"
    assert sorted(path.name for path in folder.iterdir()) == [
        "failed", "gsm8k_main_run.json", "gsm8k_main_timing.jsonl",
    ]  # fmt: skip
    records = lines(folder / "gsm8k_main_timing.jsonl")
    errors = lines(folder / "failed" / "gsm8k_main_errors.jsonl")
    rows = read_rows(
        load_dataset_card("gsm8k"), "main", SourceSpec("local", str(tmp_path / "rows.jsonl"))
    )
    expected = [row.id for row in rows]
    assert list(dict.fromkeys(record["id"] for record in records)) == [
        name for n, name in enumerate(expected) if n % 10
    ]
    assert [error["id"] for error in errors] == expected[::10]
    keys = Counter((r["id"], r["method"], r["length_view"], r["repeat"]) for r in records)
    assert set(keys.values()) == {1}
    assert len(keys) == (NUM_SAMPLES - len(errors)) * 2
    by_id = {name: list(group) for name, group in itertools.groupby(records, lambda r: r["id"])}
    for sample in before_the_last:
        if sample["records"]:
            assert by_id[sample["records"][0]["id"]] == sample["records"]
    for group in by_id.values():  # pairs within a sample stay pairs
        assert len({record["attempt"] for record in group}) == 1
    validator = jsonschema.Draft202012Validator(yaml.safe_load(SCHEMA.read_text()))
    assert all(validator.is_valid(record) for record in records)

    run = json.loads((folder / "gsm8k_main_run.json").read_text())
    assert run["counts"]["taken_over"] == len(before_the_last)
    assert run["counts"]["samples"] == NUM_SAMPLES
    assert sum(attempt["samples"] for attempt in run["attempts"]) == NUM_SAMPLES
    timed = {record["attempt"] for record in records}
    for attempt in run["attempts"]:  # every attempt warms up again, and that is no record
        warmed_up = {"base", "c2c"} if attempt["attempt"] in timed else set()
        assert set(attempt["cold_requests"]) == warmed_up


def begun(folder):
    return command(
        SCRIPTS / "comprehensive_timing_benchmark.py", "--dataset", "gsm8k", "--source", "local",
        "--data_path", "rows.jsonl", "--output_dir", "out", "--max_new_tokens", "4", cwd=folder,
    )  # fmt: skip


def wait_for_samples(journal, count, process):
    begun = time.monotonic()
    while time.monotonic() - begun < PATIENCE and process.poll() is None:
        with contextlib.suppress(FileNotFoundError):
            if journal.read_bytes().count(b'"records"') >= count:
                return
        time.sleep(0.01)
    process.kill()
    raise AssertionError(process.communicate()[1])


def test_signals_keep_what_is_finished_and_a_second_process_stops(tmp_path):
    write_rows(tmp_path, 4000)
    journal = tmp_path / "out" / "tiny" / "journal" / "gsm8k_main.journal"
    kept = b""
    for number, sent in enumerate((signal.SIGTERM, signal.SIGINT)):
        process = begun(tmp_path)
        wait_for_samples(journal, 5 + kept.count(b'"records"'), process)
        if number == 0:
            second = begun(tmp_path)
            _, said = second.communicate()
            assert second.returncode == 1
            assert "another process is timing this shard" in said
            assert "Traceback" not in said
        process.send_signal(sent)
        _, said = process.communicate()
        assert process.returncode == 128 + sent
        assert not list(tmp_path.glob("out/**/*.jsonl"))  # what ends so is records, always
        content = journal.read_bytes()
        assert content.endswith(b"\n")
        assert content.startswith(kept)
        kept, count = content, content.count(b'"records"')
        told = [line for line in said.splitlines() if "interrupted" in line]
        assert len(told) == 1
        assert (
            f"interrupted by {sent.name}: tiny/gsm8k/main: {count} of 4000 samples are" in told[0]
        )
        assert "the same command goes on from there" in told[0]
        assert "Traceback" not in said
        assert ("attempt 2 takes over" in said) == (number == 1)
