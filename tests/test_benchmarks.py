"""What the benchmarks leave is what the commands read."""

from __future__ import annotations

from folders import ROOT
from forks import command

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
