"""The command: what it says first, what it refuses, how it ends."""

from __future__ import annotations

import shutil

import pandas as pd
import pytest
from analysis.comparison.made_up import STAGES, folder

import compare_runs
from c2c_timing.analysis.merge import merge, write_parquet


def compare(old, new, *flags):
    return compare_runs.main([str(old), str(new), *map(str, flags)])


@pytest.fixture(scope="module")
def old(tmp_path_factory):
    return folder(tmp_path_factory.mktemp("old") / "results")


def slower_stage(record):
    timing = record["timing"]
    timing["projector_total_ms"] *= 1.2
    timing["total_time_ms"] = sum(timing[key] for key in STAGES)


def test_a_copy_is_the_same_and_ends_with_0(old, tmp_path, capsys):
    copy = shutil.copytree(old, tmp_path / "copy")
    assert compare(old, copy, "--output", tmp_path / "c.tsv") == 0
    said = capsys.readouterr().out
    assert "one is a copy" in said
    assert said.endswith("14 rows: 14 same; nothing is slower by more than 5%\n")
    table = pd.read_csv(tmp_path / "c.tsv", sep="\t")
    assert table["verdict"].eq("same").all()
    assert {*table["part"]} >= {"request", "projector", "decode"}


def test_a_slower_stage_is_named_and_ends_with_3(old, tmp_path, capsys):
    new = folder(tmp_path / "new", change=slower_stage)
    assert compare(old, new, "--markdown", tmp_path / "c.md") == 3
    said = capsys.readouterr().out
    rows = [line for line in said.splitlines() if "beyond the margin" in line]
    assert len(rows) == 2
    assert all("projector" in line for line in rows)
    assert "the most: projector of tiny" in said.splitlines()[-1]
    assert all(len(line) <= 120 for line in said.splitlines())
    text = (tmp_path / "c.md").read_text()
    assert text.startswith("### Slower\n")
    assert "| gsm8k | projector |" in text
    assert "**slower, beyond the margin**" in text
    assert compare(old, new, "--margin", "0.25") == 0
    assert compare(old, new, "--whole") in (0, 3)


def test_a_merged_table_does_as_well_as_its_folder(old, tmp_path, capsys):
    table = tmp_path / "timings.parquet"
    write_parquet(merge(sorted(old.glob("timings/*/*_timing.jsonl")))[0], table)
    assert compare(old, table) == 0
    assert "NEW tells nothing of its versions" in capsys.readouterr().out


def test_what_differs_is_said_first(old, tmp_path, capsys):
    new = folder(
        tmp_path / "new", repeats=2, run={"versions": {"torch": "2.14.0"}, "threads": 2}, samples=12
    )
    assert compare(old, new) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[:2] == ["torch: 2.13.0 → 2.14.0", "threads: 1 → 2"]
    assert "repeats" not in "\n".join(said)  # OLD does not tell them


def test_other_prompts_and_answers_are_said(old, tmp_path, capsys):
    def other_answers(record):
        record["timing"]["num_generated_tokens"] += 1
        record["prompt"] = "q" if record["dataset"] == "mmlu" else record["prompt"]

    compare(old, folder(tmp_path / "new", change=other_answers))
    said = capsys.readouterr().out
    assert "prompts of 8 samples are others" in said
    assert "answers of 8 of 8 requests are of another length" in said
    assert "in 1 of 2 cases too few samples are in both runs: compared as groups" in said


def of_config(**values):
    return lambda record: record["model_config"].update(values)


REFUSED = {
    "another device": ({"change": of_config(device="NVIDIA H100")}, "not the same device: cpu in OLD"),
    "other weights": ({"change": of_config(weights="real")}, "not the same weights"),
    "another dtype": ({"change": of_config(dtype="bfloat16")}, "not the same dtype"),
    "another base": ({"change": of_config(base_model="x")}, "not the same base: b in OLD, x in NEW"),
    "another pair": ({"change": lambda record: record.update(pair="x")}, "no pair is in both"),
    "other data sets": ({"datasets": ("longbench",)}, "no row in common"),
    "another view": ({"change": lambda record: record.update(length_view="fixed")},
                     "length_view natural in OLD, fixed in NEW"),
    "longer answers": ({"max_new_tokens": 64}, "tiny on gsm8k: not the same max_new_tokens"),
    "other contents": ({"run": {"models": [{"model": "b", "config_sha256": "cd" * 32}]}},
                       "not the same weights or shape"),
    "other rows": ({"source": {"kind": "hub"},
                    "change": lambda record: record.update(prompt="another", id=record["id"] + "h")},
                   "rows come from hub"),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_apples_and_oranges_are_refused_in_one_line(what, old, tmp_path, capsys):
    how, words = REFUSED[what]
    assert compare(old, folder(tmp_path / "new", **how), "--output", tmp_path / "c.tsv") == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert words in said.err
    assert not (tmp_path / "c.tsv").exists()


def test_another_cpu_is_another_device(tmp_path, capsys):
    one, other = (
        folder(tmp_path / name, change=of_config(cpu=name)) for name in ("Zen", "Sapphire")
    )
    assert compare(one, other) == 1
    assert "not the same CPU: Zen in OLD, Sapphire in NEW" in capsys.readouterr().err
    # Beside the same GPU it is said, and no more.
    on_gpu = of_config(device="H100")
    for name, side in (("Zen", one), ("Sapphire", other)):
        shutil.rmtree(side)
        folder(side, change=lambda r, name=name: (on_gpu(r), of_config(cpu=name)(r)))
    assert compare(one, other) == 0
    assert "CPU: Zen → Sapphire" in capsys.readouterr().out


def test_a_folder_without_records_is_refused(old, tmp_path, capsys):
    assert compare(old, tmp_path) == 1
    assert "name a results folder" in capsys.readouterr().err
    assert compare(old, tmp_path / "none") == 1


def test_a_folder_that_is_not_there_is_said_to_be_so(old, tmp_path, capsys):
    assert compare(tmp_path / "gone", old) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith("gone: is not there; name a results folder or a merged table")
