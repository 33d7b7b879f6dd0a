"""What the benchmarks leave is what the commands read."""

from __future__ import annotations

import subprocess

from folders import ROOT
from forks import command
from patience import PATIENCE
from warm_python import warm_python

import merge_timings
import plot_timings
import write_ladder
from c2c_timing.analysis.merge import read_tsv


def test_records_of_the_runtimes_make_a_ladder(tmp_path, capsys):
    out = tmp_path / "out"
    flags = "--prompt_tokens 128 64 64 --runtimes eager fused --max_new_tokens 2"
    done = command(
        ROOT / "benchmarks" / "runtimes.py", *flags.split(), "--message_max_tokens", "3",
        "--repeats", "5", "--output", out, cwd=tmp_path,
    )  # fmt: skip
    told, trouble = done.communicate()
    assert done.returncode == 0, trouble
    records = str(out / "runtimes_timing.jsonl")
    timings, table = str(out / "timings.parquet"), out / "ladder.tsv"
    errors = str(out / "errors.tsv")
    assert (
        merge_timings.main([records, "--output", timings, "--errors-output", errors])
        == write_ladder.main(["--timings", timings, "--output", str(table)])
        == 0
    )
    said = capsys.readouterr().out.splitlines()[1:]
    assert len(said) == (1 + 2) * 2
    assert set(said) <= set(told.splitlines())
    ladder = read_tsv(table)
    assert ladder["dataset"].fillna("").unique().tolist() == ["", "064-tokens", "128-tokens"]
    each = ladder[ladder["dataset"].notna()]
    assert set(each["num_samples"]) == {1}
    assert set(each["interval_over"]) == {"repeats"}
    assert each["request_ms_low"].notna().all()
    picture = out / "ladder.png"
    files = ["--png", str(picture), "--svg", str(out / "ladder.svg")]
    flags = ["--figure", "ladder_by_data_set", "--timings", timings, *files]
    assert plot_timings.main(flags) == 0
    assert picture.stat().st_size > 5000


def test_c2c_against_itself_is_counted_over_runs(tmp_path):
    flags = "--runs 2 --methods c2c --length_views natural --max_new_tokens 1 --repeats 1"
    words = [warm_python().bin / "python", ROOT / "benchmarks" / "resolution.py", *flags.split()]
    for extra in ([], ["--first", "2", "--runs", "1"]):  # what is there is not timed again
        done = subprocess.run(
            [*words, "--datasets", "gsm8k", "--output", tmp_path, *extra],
            capture_output=True, text=True, timeout=PATIENCE, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert "of 2 verdicts called equal things different" in done.stdout
        assert "of 2 runs are marked" in done.stdout
    assert {path.name for path in tmp_path.iterdir()} == {"1", "2", "resolution.json"}
