"""Several runtimes in one run: compared, told apart, and counted apart."""

from __future__ import annotations

import pandas as pd
import pytest
from analysis.invented import invent, requests_of, write

import compare_methods
from c2c_timing.analysis.figures import FIGURES
from c2c_timing.analysis.merge import kept_apart, merge, read_tsv, write_parquet
from c2c_timing.analysis.report.page import render
from c2c_timing.analysis.report.sources import Sources
from c2c_timing.analysis.speedup import COLUMNS, compare, is_across_runtimes
from c2c_timing.analysis.summary import summarize
from c2c_timing.analysis.verdicts import method_verdicts, runtime_verdicts

BOTH = {("c2c", "eager"): 26, ("c2c", "graphs"): 2, ("base", "eager"): 10, ("base", "graphs"): 10}


def across(table, seed=0):
    """The rows of runtimes over all samples, by method."""
    result = compare(table, seed)
    result = result[is_across_runtimes(result) & (result["scope"] == "overall")]
    return result.set_index("method")


def records(runtimes=("eager", "graphs"), methods=("c2c", "base"), samples=6, datasets=("gsm8k",)):
    return [
        invent(n, dataset=d, method=m, runtime=r)
        for n in range(samples) for d in datasets for m in methods for r in runtimes
    ]  # fmt: skip


def test_a_known_gain_is_found_inside_its_interval():
    inside, called_equal = 0, 0
    for trial in range(30):
        rows = across(requests_of(BOTH, seed=trial), seed=trial)
        inside += rows.loc["c2c", "speedup_low"] <= 13 <= rows.loc["c2c", "speedup_high"]
        called_equal += rows.loc["base", "verdict"] in ("same", "not distinguishable")
        assert rows.loc["c2c", "verdict"] == "faster"
    assert inside >= 27
    assert called_equal >= 27


def test_each_row_says_what_it_compares_and_methods_stay_compared_under_each_runtime():
    table = compare(requests_of(BOTH, datasets=("gsm8k", "mmlu")))
    assert list(table.columns) == COLUMNS
    overall = table[table["scope"] == "overall"]
    sides = overall[["method", "runtime", "against", "against_runtime"]].to_numpy().tolist()
    assert sides == [
        ["c2c", "eager", "base", "eager"],
        ["c2c", "graphs", "base", "graphs"],
        ["base", "graphs", "base", "eager"],
        ["c2c", "graphs", "c2c", "eager"],
    ]
    assert table["scope"].value_counts().to_dict() == {"overall": 4, "data set": 8, "subject": 8}


def test_one_method_and_several_runtimes_are_enough():
    delays = {("base", "eager"): 10, ("base", "graphs"): 5, ("base", "fused"): 20}
    rows = compare(requests_of(delays))
    verdicts = rows[rows["scope"] == "overall"].set_index("runtime")["verdict"]
    assert verdicts.to_dict() == {"graphs": "faster", "fused": "slower"}
    without = {key: delay for key, delay in delays.items() if key[1] != "eager"}
    assert compare(requests_of(without)).empty


def test_pairs_are_of_one_sample_and_repeat():
    table = requests_of(BOTH, samples=5, repeats=2)
    lost = table[
        (table["runtime"] == "graphs") & (table["id"] == "gsm8k/0") & (table["repeat"] == 1)
    ]
    row = across(table.drop(lost.index)).loc["c2c"]
    assert (row["num_samples"], row["num_pairs"]) == (5, 9)
    other = across(table.assign(id=table["id"] + table["runtime"]))
    assert other.empty


def test_the_sentences_name_both_sides():
    table = compare(requests_of(BOTH, noise=1e-6))
    sentences = runtime_verdicts(table)
    assert len(sentences) == 2
    assert "C2C under graphs is faster than under eager: 13× (13 to 13) over 20" in sentences[1]
    assert len(method_verdicts(table)) == 2
    assert (
        "(graphs, x weights), x length: C2C is faster than base alone" in method_verdicts(table)[1]
    )
    equal = compare(requests_of(BOTH | {("base", "graphs"): 10.0}, noise=0.3))
    assert "in speed not distinguishable from that under eager: " in runtime_verdicts(equal)[0]


def test_a_table_from_before_runtimes_were_compared_still_reads():
    table = compare(requests_of({"c2c": 10, "base": 20}))
    old = table.drop(columns=["method", "against_runtime"])
    assert method_verdicts(old) == method_verdicts(table)
    assert runtime_verdicts(old) == []


def test_the_report_has_a_section_for_runtimes_where_there_are_several(tmp_path):
    table, errors = merge([write(tmp_path, records())])
    page = render(Sources(table, errors, speedup=compare(table)))
    assert "Does another runtime pay?" in page
    assert "Does C2C pay?" in page
    only, errors = merge([write(tmp_path, records(methods=("c2c",)))])
    page = render(Sources(only, errors, speedup=compare(only)))
    assert "Does another runtime pay?" in page
    assert "Does C2C pay?" not in page
    eager = table[table["runtime"] == "eager"]
    assert "another runtime" not in render(Sources(eager, errors, speedup=compare(eager)))


def test_the_speedup_figure_has_panels_for_runtimes(tmp_path):
    table, _ = merge([write(tmp_path, records(("eager", "graphs", "fused")))])
    figure = FIGURES["speedup"](table)
    axes = [axis for axis in figure.axes if axis.get_visible()]
    assert [axis.get_title(loc="left").replace("\n", " ") for axis in axes] == [
        "tiny, eager", "tiny, fused", "tiny, graphs",
        "tiny, fused, against eager", "tiny, graphs, against eager",
    ]  # fmt: skip
    assert axes[-1].get_xlabel().startswith("time under eager /\ntime under graphs (ratio)")
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == ["against base alone", "base alone, against eager", "C2C, against eager"]
    one, _ = merge([write(tmp_path, records(methods=("c2c",)))])
    assert FIGURES["speedup"](one).get_suptitle().startswith("Speed-up of other runtimes")


@pytest.mark.parametrize("name", ["stage_breakdown", "throughput", "decode_step_time"])
def test_panels_of_runtimes_share_a_scale_and_begin_with_the_usual_one(name, tmp_path):
    several = records(("compiled", "eager"))
    for record in several:
        if record["runtime"] == "compiled":
            record["timing"] = {key: value and value * 9 for key, value in record["timing"].items()}
            record["decode_step_times_ms"] = [9 * ms for ms in record["decode_step_times_ms"]]
    table, _ = merge([write(tmp_path, several)])
    axes = [axis for axis in FIGURES[name](table).axes if axis.get_title(loc="left")]
    assert [axis.get_title(loc="left") for axis in axes] == ["tiny, eager", "tiny, compiled"]
    assert axes[0].get_xlim()[1] == axes[1].get_xlim()[1]


def test_a_figure_of_another_runtime_alone_says_so(tmp_path):
    graphs, _ = merge([write(tmp_path, records(("graphs",)))])
    assert "· graphs ·" in FIGURES["throughput"](graphs).get_suptitle()
    eager, _ = merge([write(tmp_path, records(("eager",)))])
    assert "eager" not in FIGURES["throughput"](eager).get_suptitle()


def test_runtimes_are_run_to_be_compared_and_no_mixture(tmp_path):
    assert kept_apart(merge([write(tmp_path, records())])[0]) is None


def failure(method=None, runtime=None, subject="main", **more):
    return {"id": "f", "dataset": "gsm8k", "subject": subject, "pair": "tiny", "method": method,
            "stage": "request", "error_type": "E", "message": "m", "runtime": runtime, **more}  # fmt: skip


def failed(summary):
    rows = summary.fillna({"method": "?", "runtime": "?"})
    return {
        tuple(row[:3]): row[3]
        for row in rows[["subject", "method", "runtime", "failed"]].to_numpy()
    }


def test_failures_count_for_the_method_and_runtime_that_they_name(tmp_path):
    older = failure("c2c")
    del older["runtime"]
    errors = [failure("c2c", "graphs"), failure("c2c", "graphs", id="g"), failure(runtime="eager"), older,
              failure()]  # fmt: skip
    table, errors = merge([write(tmp_path, records(), errors)])
    assert list(errors.columns)[-1] == "runtime"
    assert failed(summarize(table, errors)) == {
        ("main", "c2c", "graphs"): 4, ("main", "c2c", "eager"): 3,
        ("main", "base", "graphs"): 1, ("main", "base", "eager"): 2,
    }  # fmt: skip
    before = errors.drop(columns="runtime")
    assert failed(summarize(table, before)) == {
        ("main", "c2c", "graphs"): 5, ("main", "c2c", "eager"): 5,
        ("main", "base", "graphs"): 2, ("main", "base", "eager"): 2,
    }  # fmt: skip


def test_what_failed_altogether_has_a_row_of_its_own(tmp_path):
    errors = [failure(subject="lost"), failure("base", subject="lost"),
              failure("c2c", "graphs", "lost"), failure("base", "compiled")]  # fmt: skip
    table = summarize(*merge([write(tmp_path, records(("eager",)), errors)]))
    assert failed(table) == {
        ("main", "c2c", "eager"): 0, ("main", "base", "eager"): 0, ("main", "base", "compiled"): 1,
        ("lost", "c2c", "graphs"): 2, ("lost", "base", "?"): 2,
    }  # fmt: skip
    assert (table.loc[table["count"] == 0, "failed"] > 0).all()


def test_the_command_compares_runtimes_of_one_method(tmp_path, capsys):
    table, _ = merge([write(tmp_path, records(methods=("c2c",)))])
    timings, output = tmp_path / "t.parquet", tmp_path / "speedup.tsv"
    write_parquet(table, timings)
    assert compare_methods.main(["--timings", str(timings), "--output", str(output)]) == 0
    assert "C2C under graphs is" in capsys.readouterr().out
    read = read_tsv(output)
    assert set(read["against_runtime"]) == {"eager"}
    assert set(read["runtime"]) == {"graphs"}
    page = render(Sources(table, pd.DataFrame(columns=["id"]), speedup=read))
    assert "C2C under graphs is" in page
    write_parquet(table[table["runtime"] == "graphs"], timings)
    assert compare_methods.main(["--timings", str(timings), "--output", str(output)]) == 1
    assert "or under eager and another runtime" in capsys.readouterr().err
