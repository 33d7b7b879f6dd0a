"""The comparison on invented requests whose true ratio is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from analysis.invented import requests_of

from c2c_timing.analysis.speedup import COLUMNS, compare


def overall(table, seed=0):
    result = compare(table, seed)
    return result[result["scope"] == "overall"].set_index("against")


def test_known_delays_are_recovered_and_equal_ones_are_not_told_apart():
    inside, medians_inside, called_equal, called_faster = 0, 0, 0, 0
    for trial in range(50):
        row = overall(requests_of({"c2c": 10, "t2t": 20, "base": 10}, seed=trial), seed=trial)
        inside += row.loc["t2t", "speedup_low"] <= 2 <= row.loc["t2t", "speedup_high"]
        medians_inside += (
            row.loc["t2t", "median_ratio_low"] <= 2 <= row.loc["t2t", "median_ratio_high"]
        )
        called_faster += row.loc["t2t", "verdict"] == "faster"
        called_equal += row.loc["base", "verdict"] in ("same", "not distinguishable")
    assert inside >= 45
    assert medians_inside >= 45
    assert called_equal >= 45
    assert called_faster == 50


def test_few_samples_are_not_oversold():
    equal = [overall(requests_of({"c2c": 10, "base": 10}, samples=8, seed=n)) for n in range(50)]
    assert sum(row.loc["base", "verdict"] == "not distinguishable" for row in equal) >= 45
    one = overall(requests_of({"c2c": 10, "base": 30}, samples=4)).loc["base"]
    assert np.isnan(one["speedup_low"])
    assert one["verdict"] == "not distinguishable"
    assert one["speedup"] == pytest.approx(3, rel=0.5)


def test_repeats_of_one_sample_do_not_count_as_samples():
    # The ratio itself differs from sample to sample: only more samples can pin it down.
    table = requests_of({"c2c": 10, "base": 10}, samples=6, repeats=200, noise=0.02)
    shift = table["id"].map(dict(zip(table["id"].unique(), [0.5, 0.7, 1, 1, 1.5, 2], strict=True)))
    table.loc[table["method"] == "base", "total_time_ms"] *= shift[table["method"] == "base"]
    row = overall(table).loc["base"]
    assert row["num_samples"] == 6
    assert row["num_pairs"] == 1200
    assert row["speedup_high"] / row["speedup_low"] > 2


def test_scopes_and_conditions_have_rows_of_their_own():
    table = requests_of({"c2c": 10, "base": 12, "t2t": 30}, datasets=("gsm8k", "mmlu"), samples=5)
    other = table.assign(**{"model_config.device": "y"})
    result = compare(pd.concat([table, other]))
    assert list(result.columns) == COLUMNS
    assert len(result) == 2 * (1 + 2 + 2) * 2
    assert set(result.loc[result["scope"] == "data set", "dataset"]) == {"gsm8k", "mmlu"}
    assert (result.loc[result["scope"] == "overall", "num_samples"] == 10).all()


def test_only_pairs_count_and_without_pairs_there_is_nothing():
    table = requests_of({"c2c": 10, "base": 12}, samples=5, repeats=2)
    lost = table[(table["method"] == "base") & (table["id"] == "gsm8k/0") & (table["repeat"] == 1)]
    row = overall(table.drop(lost.index)).loc["base"]
    assert (row["num_samples"], row["num_pairs"]) == (5, 9)
    assert compare(table[table["method"] == "base"]).empty
    assert compare(table[table["method"] == "c2c"]).empty


def test_same_seed_same_numbers():
    table = requests_of({"c2c": 10, "base": 12})
    pd.testing.assert_frame_equal(compare(table, 1), compare(table, 1))
    assert compare(table, 1)["speedup_low"].ne(compare(table, 2)["speedup_low"]).any()


def with_answers(table, tokens, step_ms):
    """Requests whose answers have so many tokens by method, each token some ms, and the rest as it is."""
    tokens = table["method"].map(tokens)
    decode = tokens * table["method"].map(step_ms)
    return table.assign(
        length_view="natural", num_generated_tokens=tokens.astype(float), decode_total_ms=decode,
        total_time_ms=table["total_time_ms"] + decode,
    )  # fmt: skip


def test_a_natural_speedup_is_what_the_method_saved_times_what_the_length_saved():
    table = requests_of({"c2c": 10, "base": 10}, noise=0.02)
    steps = {"c2c": 1.0, "base": 1.0}
    shorter = overall(with_answers(table, {"c2c": 10, "base": 40}, steps)).loc["base"]
    assert shorter["method_speedup"] == pytest.approx(1, abs=0.02)
    assert shorter["length_speedup"] > 2
    assert (
        shorter["length_speedup_low"] < shorter["length_speedup"] < shorter["length_speedup_high"]
    )
    slower_step = {"c2c": 1.0, "base": 3.0}
    same_length = overall(with_answers(table, {"c2c": 20, "base": 20}, slower_step)).loc["base"]
    assert same_length["length_speedup"] == pytest.approx(1)
    assert same_length["method_speedup"] == pytest.approx(same_length["speedup"])
    both = overall(with_answers(table, {"c2c": 10, "base": 40}, slower_step)).loc["base"]
    assert both["method_speedup"] > 1.5
    assert both["method_speedup"] * both["length_speedup"] == pytest.approx(both["speedup"])


def test_nothing_is_split_at_a_fixed_length_or_of_records_that_do_not_tell_their_tokens():
    table = requests_of({"c2c": 10, "base": 10})
    fixed = with_answers(table, {"c2c": 10, "base": 10}, {"c2c": 1, "base": 2})
    parts = ["method_speedup", "method_speedup_low", "length_speedup", "length_speedup_high"]
    assert overall(fixed.assign(length_view="fixed"))[parts].isna().all(axis=None)
    assert overall(table.assign(length_view="natural"))[parts].isna().all(axis=None)


def test_the_margin_decides_what_is_the_same():
    table = requests_of({"c2c": 10, "base": 10.3}, noise=0.02, samples=40)
    assert compare(table, margin=0.05)["verdict"].eq("same").all()
    assert compare(table, margin=0.01)["verdict"].eq("faster").all()
    assert compare(table)["samples_to_decide"].isna().all()
