"""The commands as a person types them, on the tiny pair.

Each once as it is really run; then in this process or in a fork, which have read the libraries once
for all of them.
"""

from __future__ import annotations

import importlib
import json
import subprocess
import sys

import pandas as pd
import pytest
from folders import ROOT
from forks import command
from patience import PATIENCE

from c2c_timing.meters.peak_memory import FORGET

SCRIPTS = ROOT / "workflow" / "scripts"


def run(script, *flags, cwd):
    """Runs a command in a process of its own, which need not read them again."""
    fork = command(SCRIPTS / f"{script}.py", *flags, cwd=cwd)
    said = fork.communicate()
    return subprocess.CompletedProcess([script, *flags], fork.returncode, *said)


def typed(script, *flags, cwd):
    """Runs a command as a shell does."""
    return subprocess.run(
        [sys.executable, SCRIPTS / f"{script}.py", *flags], cwd=cwd, capture_output=True, text=True,
        timeout=PATIENCE, check=False,
    )  # fmt: skip


@pytest.fixture
def here(tmp_path, monkeypatch, capsys):
    """Runs a command in this process, in the test's folder."""
    monkeypatch.chdir(tmp_path)

    def run_here(script, *flags):
        words = list(map(str, flags))
        try:
            code = importlib.import_module(script).main(words)
        except SystemExit as ended:  # argparse's own way
            code = ended.code
        said = capsys.readouterr()
        return subprocess.CompletedProcess([script, *words], code, said.out, said.err)

    return run_here


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.mark.parametrize("script", sorted(path.stem for path in SCRIPTS.glob("*.py")))
def test_help_shows_an_example(script, tmp_path):
    done = typed(script, "--help", cwd=tmp_path)
    assert done.returncode == 0
    assert f"python workflow/scripts/{script}.py" in done.stdout


def test_a_bad_sample_is_an_error_line_and_the_shard_goes_on(tmp_path):
    rows = [{"question": "1 + 1?", "answer": "2"}, {"question": None}, {"question": "x" * 50_000}]
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows) + "{torn\n")
    done = run(
        "comprehensive_timing_benchmark", "--dataset", "gsm8k", "--source", "local",
        "--data_path", path, "--max_new_tokens", 3, "--length_views", "fixed", "--output_dir", "out",
        "--methods", "c2c", "base", "teacher", "--max_prompt_tokens", 1000, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "out" / "tiny"
    records = {record["method"]: record for record in lines(folder / "gsm8k_main_timing.jsonl")}
    assert set(records) == {"c2c", "base", "teacher"}
    assert {record["timing"]["num_generated_tokens"] for record in records.values()} == {3}
    assert records["base"]["timing"]["teacher_prefill_ms"] is None
    assert records["teacher"]["timing"]["projector_calls"] is None
    assert records["c2c"]["timing"]["projector_calls"] == 4
    assert records["c2c"]["model_config"]["weights"] == "dummy"
    for record in records.values():  # at least torch, where the system tells
        assert FORGET.exists() or record["peak_memory_bytes"] is None
        assert (record["peak_memory_bytes"] or 2**30) > 50e6
    errors = lines(folder / "failed" / "gsm8k_main_errors.jsonl")
    assert [error["stage"] for error in errors] == ["prompt", "tokenize", "read"]
    run_file = json.loads((folder / "gsm8k_main_run.json").read_text())
    assert set(run_file["cold_requests"]) == {"c2c", "base", "teacher"}
    flagged = run_file["counts"].pop("flagged")
    assert flagged == sum(record["residual_flag"] for record in records.values())
    assert run_file["counts"] == {"samples": 4, "taken_over": 0, "records": 3, "errors": 3}
    parts = {
        "imports",
        "loading",
        "preparing",
        "building",
        "warm_up",
        "requests",
        "writing",
        "audit",
    }
    assert set(run_file["wall_seconds"]) == parts | {"total"}
    assert len(list(folder.iterdir())) == 3


def test_a_mistake_of_a_command_in_a_process_of_its_own_is_one_line(tmp_path):
    mistaken = typed("comprehensive_timing_benchmark", "--dataset", "gsm8", cwd=tmp_path)
    assert mistaken.returncode == 1
    assert mistaken.stderr.splitlines() == [mistaken.stderr.strip()]
    assert "did you mean gsm8k" in mistaken.stderr


def test_a_shard_in_which_all_fails_fails_and_says_why(here, tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text('{"answer": "1"}\n{"answer": "2"}\n')
    done = here(
        "comprehensive_timing_benchmark", "--dataset", "gsm8k", "--source", "local",
        "--data_path", path, "--output_dir", "out",
    )  # fmt: skip
    assert done.returncode == 1
    assert "every sample failed" in done.stderr
    assert "column 'question' is missing" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out" / "tiny" / "gsm8k_main_timing.jsonl").exists()


@pytest.mark.parametrize(("flags", "words"), [
    (["--dataset", "gsm8"], "did you mean gsm8k"),
    (["--dataset", "mmlu", "--subject", "fysics"], "did you mean physics"),
    (["--dataset", "gsm8k", "--pair", "tinny"], "did you mean tiny"),
    (["--dataset", "gsm8k", "--device", "cuda:99"], "not there"),
    (["--dataset", "gsm8k", "--source", "local", "--data_path", "nowhere"], "nowhere"),
    (["--dataset", "gsm8k", "--fuser_checkpoint", "./nowhere"], "nowhere"),
    (["--dataset", "gsm8k", "--weights", "local", "--pair", "qwen3-0.6b_qwen3-4b"], "no such folder"),
    (["--dataset", "gsm8k", "--temperature", "-1"], "temperature"),
    (["--dataset", "gsm8k", "--prompt_tokens", "64"], "prompt_tokens is for source synthetic"),
    (["--dataset", "gsm8k", "--source", "synthetic"], "give num_samples or prompt_tokens"),
    (["--dataset", "longbench", "--source", "synthetic", "--num_samples", "2"], "longbench"),
    (["--dataset", "gsm8k", "--source", "synthetic", "--prompt_tokens", "64", "9"], "9 tokens are too few"),
    (["--dataset", "gsm8k", "--source", "synthetic", "--prompt_tokens", "64", "32760"], "too many"),
    (["--dataset", "gsm8k", "--output_dir", "/dev/null/x"], "/dev/null/x"),
])  # fmt: skip
def test_a_mistake_is_one_clear_line(flags, words, here):
    done = here("comprehensive_timing_benchmark", *flags)
    assert done.returncode == 1
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert words in line
    assert "Traceback" not in done.stderr


def test_prompts_written_to_lengths_stand_for_every_subject(here, tmp_path):
    flags = ["--dataset", "ai2-arc", "--all_subjects", "--source", "synthetic", "--output_dir", "out",
             "--max_new_tokens", 2]  # fmt: skip
    assert (
        here("comprehensive_timing_benchmark", *flags, "--prompt_tokens", 64, 200).returncode == 0
    )
    folder = tmp_path / "out" / "tiny"
    for subject in ("ARC-Challenge", "ARC-Easy"):
        records = lines(folder / f"ai2-arc_{subject}_timing.jsonl")
        assert [record["prompt_length"] for record in records] == [64, 200]
        assert [record["wanted_prompt_length"] for record in records] == [64, 200]
        assert all(record["source"] == "synthetic" for record in records)
        assert all(record["correct"] is None for record in records)
    assert here("comprehensive_timing_benchmark", *flags, "--num_samples", 3).returncode == 0
    files = sorted(folder.glob("*.jsonl"))
    lengths = [record["prompt_length"] for path in files for record in lines(path)]
    assert len(lengths) == 6
    assert min(lengths) >= 99
    table, errors = tmp_path / "t.parquet", tmp_path / "e.tsv"
    assert (
        here("merge_timings", *files, "--output", table, "--errors-output", errors).returncode == 0
    )
    merged = pd.read_parquet(table)
    assert sorted(merged["prompt_length"]) == sorted(lengths)
    assert (merged["wanted_prompt_length"] - merged["prompt_length"]).between(0, 2).all()
    assert set(merged["source"]) == {"synthetic"}


def test_one_chunk_of_every_subject(here, tmp_path):
    flags = ["--dataset", "ai2-arc", "--all_subjects", "--output_dir", "out", "--max_new_tokens", 1]
    done = here("comprehensive_timing_benchmark", *flags, "--num_samples", 5, "--chunk", "2/2")
    assert done.returncode == 0, done.stderr
    for subject in ("ARC-Challenge", "ARC-Easy"):
        assert len(lines(tmp_path / "out" / "tiny" / f"ai2-arc_{subject}.2-of-2_timing.jsonl")) == 3
        assert f"ai2-arc/{subject}.2-of-2: 3 records" in done.stderr
    header = next(line for line in done.stderr.splitlines() if "total ms" in line)
    rows = done.stderr.splitlines()[done.stderr.splitlines().index(header) + 1 :]
    assert [row.split()[1:4] for row in rows] == [
        ["ARC-Challenge", "c2c", "3"],
        ["ARC-Easy", "c2c", "3"],
    ]
    assert done.stdout == ""  # nothing but files, for who reads on
    for wrong in ("3/2", "0/2", "2", "a/b"):
        refused = here("comprehensive_timing_benchmark", *flags, "--chunk", wrong)
        assert refused.returncode == 2
        assert "is not a chunk such as 2/4" in refused.stderr


def test_a_file_of_prompts_and_a_data_set_by_its_hub_id(here, tmp_path):
    (tmp_path / "my.jsonl").write_text('{"prompt": "Why?"}\n{"question": "Who?"}\n')
    flags = ["--max_new_tokens", 2, "--length_views", "fixed"]
    done = here(
        "dataset_timing_benchmark", "--dataset_file", "my.jsonl", "--output", "f.jsonl", *flags,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    prompts = [record["prompt"] for record in lines(tmp_path / "f.jsonl")]
    assert ["Why?" in prompts[0], "Who?" in prompts[1]] == [True, True]
    done = here(
        "dataset_timing_benchmark", "--dataset", "cais/mmlu", "--source", "builtin",
        "--num_samples", 5, "--output", "g.jsonl", *flags,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert len({record["subject"] for record in lines(tmp_path / "g.jsonl")}) > 1
    few = here(
        "dataset_timing_benchmark", "--dataset", "gsm8k", "--source", "builtin",
        "--num_samples", 100, "--output", "h.jsonl", "--max_new_tokens", 1,
    )  # fmt: skip
    assert few.returncode == 0, few.stderr
    (said,) = [line for line in few.stderr.splitlines() if "asked for" in line]
    assert f"asked for 100 samples and got {len(lines(tmp_path / 'h.jsonl'))}" in said


def test_the_batch_covers_every_data_set(here, tmp_path):
    done = here("batch_timing_benchmark", "--num_samples", 1, "--max_new_tokens", 2)
    assert done.returncode == 0, done.stderr
    records = lines(tmp_path / "results/by_hand/batch_timing_results.jsonl")
    assert (
        len([line for line in done.stderr.splitlines() if line.split()[2:4] == ["c2c", "1"]]) == 9
    )
    assert len({record["dataset"] for record in records}) == 9


def test_the_profiler_demo(tmp_path):
    done = run("demo_torch_profiler", "--max_new_tokens", 2, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "results" / "by_hand"
    assert len(lines(folder / "demo_timing_data.jsonl")) == 1
    assert "total_time_ms" in (folder / "demo_timing_data.tsv").read_text()
    assert json.loads((folder / "demo_profiler_trace.json").read_text())["traceEvents"]
    stats = json.loads((folder / "demo_profiler_stats.json").read_text())
    assert any("mm" in operator["name"] for operator in stats["operators"])
