"""The ladder of runtimes: where verdicts turn, the table, its figures."""

from __future__ import annotations

from itertools import combinations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from analysis.invented import invent, requests_of, write
from hypothesis import given
from hypothesis import strategies as st

import compare_methods
import plot_timings
import write_ladder
from c2c_timing.analysis.break_even import break_even_table
from c2c_timing.analysis.figures import FIGURES
from c2c_timing.analysis.figures import ladder as figure_of_ladder
from c2c_timing.analysis.figures.style import SAME_MARK, UNCLEAR_MARK
from c2c_timing.analysis.ladder import BREAK_EVEN, COLUMNS, c2c_against_methods, ladder
from c2c_timing.analysis.merge import merge, read_tsv, write_parquet
from c2c_timing.analysis.report.page import render
from c2c_timing.analysis.report.sources import Sources
from c2c_timing.analysis.speedup import compare
from c2c_timing.analysis.turns import Turn, conclusion, turns
from c2c_timing.analysis.verdicts import turn_verdicts
from c2c_timing.errors import UserError
from c2c_timing.runtime_table import RUNTIMES

UNCLEAR = "not distinguishable"
VERDICTS = ("slower", UNCLEAR, "faster")
LADDER = tuple(RUNTIMES)
# In ms. Against base alone C2C turns at graphs; against text-to-text never.
DELAYS = {
    "eager": {"base": 100, "t2t": 400, "c2c": 120},
    "fused": {"base": 100, "t2t": 400, "c2c": 110},
    "graphs": {"base": 20, "t2t": 80, "c2c": 16},
    "compiled": {"base": 10, "t2t": 40, "c2c": 7},
}


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


def records(runtimes=LADDER, samples=6, noise=0.02, seed=0, repeats=1, **changes):
    """Requests whose times are known, samples of different sizes."""
    rng = np.random.default_rng(seed)
    found = []
    for n in range(samples):
        size = rng.lognormal(0, 0.3)
        for repeat in range(1, repeats + 1):
            for runtime in runtimes:
                for method, delay in DELAYS[runtime].items():
                    seen = n + 100 * repeat if method == "t2t" else n
                    record = invent(seen, method=method, runtime=runtime, repeat=repeat, **changes)
                    record |= {"id": f"x{n}", "prompt_length": 100 + n}
                    record["timing"]["total_time_ms"] = delay * size * rng.lognormal(0, noise)
                    found.append(record)
    return found


def timings(folder, *parts):
    return merge([write(folder, [record for part in parts for record in part])])[0]


def by_rung(table, dataset=""):
    return table[table["dataset"] == dataset].set_index(["runtime", "method"])


@given(st.lists(st.sampled_from(VERDICTS), max_size=8))
def test_a_turn_is_where_two_told_verdicts_that_follow_each_other_are_opposite(verdicts):
    by_runtime = {f"r{n}": verdict for n, verdict in enumerate(verdicts)}
    found = turns(by_runtime)
    expected = [
        Turn(f"r{a}", f"r{b}")
        for a, b in combinations(range(len(verdicts)), 2)
        if {verdicts[a], verdicts[b]} == {"slower", "faster"}
        and set(verdicts[a + 1 : b]) <= {UNCLEAR}
    ]
    assert found == expected
    told = [verdict for verdict in verdicts if verdict != UNCLEAR]
    assert len(found) % 2 == (bool(told) and told[0] != told[-1])


@pytest.mark.parametrize(("verdicts", "words"), [
    (["slower", "faster", "faster"], "the verdict turns at r1"),
    (["slower", UNCLEAR, "faster"], "the verdict turns at r2"),
    (["faster", "slower", "faster"], "the verdict turns at r1 and at r2"),
    (["faster", "faster", "faster"], "the same verdict on every runtime"),
    (["slower", "slower", UNCLEAR], "no turn can be told"),
    ([UNCLEAR, UNCLEAR], "no turn can be told"),
])  # fmt: skip
def test_verdicts_come_to_a_conclusion(verdicts, words):
    assert conclusion({f"r{n}": verdict for n, verdict in enumerate(verdicts)}) == words


@pytest.mark.parametrize("turning", range(1, 4))
def test_a_known_turn_is_found_from_requests(turning):
    delays = {}
    for place, runtime in enumerate(LADDER):
        delays |= {("c2c", runtime): 10, ("base", runtime): 7 if place < turning else 14}
    (sentence,) = turn_verdicts(c2c_against_methods(compare(requests_of(delays))))
    assert sentence.endswith(f": the verdict turns at {LADDER[turning]}.")


def test_the_values_are_those_of_a_computation_by_hand(tmp_path):
    table = timings(tmp_path, records(("eager", "graphs"), samples=5, noise=0.1, repeats=2))
    result = ladder(table)
    assert list(result.columns) == COLUMNS
    rungs = by_rung(result)

    def logs(method, runtime):
        own = table[(table["method"] == method) & (table["runtime"] == runtime)]
        return np.log(own.set_index(["id", "repeat"])["total_time_ms"])

    for runtime in ("eager", "graphs"):
        for method in ("base", "t2t", "c2c"):
            row = rungs.loc[runtime, method]
            per_sample = logs(method, runtime).groupby("id").mean()
            assert row["request_ms"] == pytest.approx(np.exp(per_sample.mean()))
            assert row["request_ms_low"] < row["request_ms"] < row["request_ms_high"]
            assert (row["num_samples"], row["num_requests"], row["interval_over"]) == (
                5, 10, "samples"
            )  # fmt: skip
            if method == "c2c":
                assert np.isnan(row["c2c_speedup"])
            else:
                ratio = (logs(method, runtime) - logs("c2c", runtime)).groupby("id").mean()
                assert row["c2c_speedup"] == pytest.approx(np.exp(ratio.mean()))
    gain = (logs("c2c", "eager") - logs("c2c", "graphs")).mean()
    assert rungs.loc[("graphs", "c2c"), "speedup_over_eager"] == pytest.approx(np.exp(gain))
    assert rungs.loc["eager", "speedup_over_eager"].isna().all()


def test_intervals_and_break_even_are_those_of_the_other_tables(tmp_path):
    table = timings(tmp_path, records(samples=8))
    rungs = by_rung(ladder(table))
    speedup = compare(table)
    overall = c2c_against_methods(speedup)
    for row in overall.to_dict("records"):
        rung = rungs.loc[row["runtime"], row["method"]]
        for name in ("c2c_speedup", "c2c_speedup_low", "c2c_speedup_high", "c2c_verdict"):
            assert rung[name] == row[name]
    assert len(overall) == 2 * len(LADDER)
    breakeven = break_even_table(table)
    breakeven = breakeven[breakeven["dataset"] == ""].set_index("runtime")
    for runtime in LADDER:
        own = breakeven.loc[runtime, BREAK_EVEN].to_numpy(float)
        np.testing.assert_array_equal(rungs.loc[(runtime, "t2t"), BREAK_EVEN].to_numpy(float), own)
        assert rungs.loc[(runtime, "base"), BREAK_EVEN].isna().all()


def test_what_ran_under_one_runtime_has_no_ladder(tmp_path):
    one = records(("eager",), pair="alone")
    assert ladder(timings(tmp_path, one)).empty
    assert set(ladder(timings(tmp_path, one, records()))["pair"]) == {"tiny"}
    with pytest.raises(UserError, match="no ladder"):
        FIGURES["ladder"](timings(tmp_path, one))


def test_intervals_of_one_prompt_are_over_its_repeats_and_say_so(tmp_path):
    table = timings(
        tmp_path,
        records(samples=1, repeats=6, dataset="0064-tokens"),
        records(samples=1, repeats=6, dataset="2048-tokens", seed=1),
    )
    result = ladder(table)
    short, overall = by_rung(result, "0064-tokens"), by_rung(result)
    assert set(short["interval_over"]) == {"repeats"}
    assert set(short["num_samples"]) == {1}
    assert short["request_ms_low"].notna().all()
    # Two prompts are samples, and too few for an interval.
    assert set(overall["interval_over"]) == {"samples"}
    assert overall["request_ms_low"].isna().all()
    own = table[(table["dataset"] == "0064-tokens") & (table["method"] == "c2c")]
    eager = own.loc[own["runtime"] == "eager", "total_time_ms"]
    row = short.loc["eager", "c2c"]
    assert row["request_ms"] == pytest.approx(np.exp(np.log(eager).mean()))
    assert eager.min() < row["request_ms_low"] < row["request_ms_high"] < eager.max() * 1.1
    said = turn_verdicts(result)
    assert len(said) == 2 * 3
    assert sum("intervals over the repeats of one prompt: C2C" in text for text in said) == 4


def test_intervals_of_one_prompt_in_several_processes_say_both(tmp_path):
    table = timings(tmp_path, records(samples=1, repeats=6))
    result = ladder(pd.concat([table.assign(process=number) for number in (1, 2)]))
    assert set(result["interval_over"]) == {"processes and repeats"}
    assert any("intervals over the repeats of one prompt" in text for text in turn_verdicts(result))


def test_the_sentence_names_every_rung_and_is_said_once(tmp_path):
    said = turn_verdicts(ladder(timings(tmp_path, records(noise=1e-6))))
    assert said == [
        "tiny on cpu in float32 (dummy weights), natural length: C2C against base alone: slower under "
        "eager (0.833×, 0.833 to 0.833) and fused (0.909×, 0.909 to 0.909), faster under graphs "
        "(1.25×, 1.25 to 1.25) and compiled (1.43×, 1.43 to 1.43): the verdict turns at graphs.",
        "tiny on cpu in float32 (dummy weights), natural length: C2C against text-to-text: faster under "
        "eager (3.33×, 3.33 to 3.33) and fused (3.64×, 3.64 to 3.64) and graphs (5×, 5 to 5) and "
        "compiled (5.71×, 5.71 to 5.71): the same verdict on every runtime.",
    ]  # fmt: skip
    assert turn_verdicts(ladder(timings(tmp_path, records(("eager",))))) == []


@pytest.mark.parametrize(("runtimes", "pairs"), [
    (("eager", "graphs"), ("tiny", "big", "third")),
    (LADDER, ("tiny",)),
])  # fmt: skip
@pytest.mark.parametrize("name", ["ladder", "ladder_by_data_set"])
def test_the_figure_has_a_column_for_each_ladder(tmp_path, runtimes, pairs, name):
    table = timings(tmp_path, *(records(runtimes, pair=p, dataset=d) for p in pairs
                                for d in ("gsm8k", "mmlu")))  # fmt: skip
    figure = FIGURES[name](table)
    columns = len(pairs) * (2 if name == "ladder_by_data_set" else 1)
    axes = [axis for axis in figure.axes if axis.get_visible()]
    assert len(axes) == 3 * columns
    is_told = columns <= figure_of_ladder.MOST_TOLD
    named = [[label.get_text() for label in axis.get_xticklabels()] for axis in axes]
    assert [names for names in named if names] == [list(runtimes)] * columns * (3 if is_told else 1)
    titles = [axis.get_title(loc="left") for axis in axes]
    assert {title.splitlines()[0] for title in titles if title} == set(pairs)
    said = [" ".join(axis.get_xlabel().split()) for axis in axes]
    for words in (
        "base alone: the verdict turns at graphs",
        "text-to-text: the same verdict on every runtime",
    ):
        assert sum(words in text for text in said) == (columns if is_told else 0)
    units = {axis.get_ylabel() for axis in axes}
    for unit in ("(ms)", "(ratio)", "(tokens)"):
        assert any(unit in label for label in units)
    figure.canvas.draw()


def test_panels_with_nothing_in_them_are_left_out(tmp_path):
    alone = [r for r in records() if r["method"] == "c2c"]
    assert len(FIGURES["ladder"](timings(tmp_path, alone)).axes) == 1
    with_base = [r for r in records() if r["method"] != "t2t"]
    assert len(FIGURES["ladder"](timings(tmp_path, with_base)).axes) == 2


def test_data_sets_stand_in_the_order_of_their_prompts(tmp_path):
    long = [r | {"prompt_length": 5000} for r in records(dataset="a-long")]
    figure = FIGURES["ladder_by_data_set"](timings(tmp_path, long, records(dataset="b-short")))
    titles = [axis.get_title(loc="left") for axis in figure.axes]
    assert [title.splitlines()[1] for title in titles if title] == [
        "b-short, n=6", "a-long, n=6"
    ]  # fmt: skip


def test_the_commands_and_the_report(tmp_path, capsys):
    table = timings(tmp_path, records())
    path, output = tmp_path / "t.parquet", tmp_path / "ladder.tsv"
    write_parquet(table, path)
    assert write_ladder.main(["--timings", str(path), "--output", str(output)]) == 0
    assert "the verdict turns at graphs." in capsys.readouterr().out
    speedup = tmp_path / "speedup.tsv"
    assert compare_methods.main(["--timings", str(path), "--output", str(speedup)]) == 0
    assert capsys.readouterr().out.count("the verdict turns at graphs.") == 1
    files = ["--png", str(tmp_path / "ladder.png"), "--svg", str(tmp_path / "ladder.svg")]
    assert plot_timings.main(["--figure", "ladder", "--timings", str(path), *files]) == 0
    written = read_tsv(output)
    assert list(written.columns) == COLUMNS
    none = pd.DataFrame(columns=["id"])
    page = render(Sources(table, none, ladder=written, figures=[tmp_path / "ladder.svg"]))
    assert "Where does the verdict turn?" in page
    assert page.count(": the verdict turns at graphs.") == 1
    assert "Every method on every runtime" in page
    assert "verdict turn" not in render(Sources(table, none))
    write_parquet(timings(tmp_path, records(("eager",))), path)
    assert write_ladder.main(["--timings", str(path), "--output", str(output)]) == 1
    assert "no pair was run under several runtimes" in capsys.readouterr().err


def test_the_legend_speaks_of_a_turn_only_where_there_is_one(tmp_path):
    def legend(runtimes):
        figure = FIGURES["ladder"](timings(tmp_path, records(runtimes)))
        return [text.get_text() for text in figure.legends[0].get_texts()]

    assert legend(("eager", "fused")) == ["base alone", "text-to-text", "C2C"]
    assert legend(("fused", "graphs"))[-1] == "the verdict turns"


def test_an_interval_need_not_hold_its_estimate(tmp_path):
    records_of_all = timings(tmp_path, records())
    table = ladder(records_of_all)
    table["breakeven_message_tokens_low"] = table["breakeven_message_tokens"] + 1
    figure_of_ladder._draw(table[table["dataset"] == ""], records_of_all, "")


@pytest.mark.parametrize("name", ["ladder", "speedup"])
def test_what_is_the_same_has_a_mark_of_its_own(tmp_path, name):
    alike = requests_of(
        {(m, r): 10 for m in ("c2c", "base") for r in ("eager", "fused")}, noise=0.01
    )
    table = timings(tmp_path, records(noise=0.01)).iloc[:0]
    table = pd.concat([table, alike]).assign(prompt_length=100)
    assert compare(alike)["verdict"].eq("same").all()
    figure = FIGURES[name](table)
    marks = {
        line.get_marker()
        for axis in figure.axes
        for line in axis.get_lines()
        if len(line.get_xdata())
    }
    assert SAME_MARK in marks
    assert UNCLEAR_MARK not in marks
