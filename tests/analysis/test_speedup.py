"""The comparison on invented requests whose true ratio is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from analysis.invented import requests_of

from c2c_timing.analysis.paired_times import verdict
from c2c_timing.analysis.speedup import COLUMNS, compare


def overall(table, seed=0):
    result = compare(table, seed)
    return result[result["scope"] == "overall"].set_index("against")


def test_known_delays_are_recovered_and_equal_ones_are_not_told_apart():
    inside, medians_inside, called_equal, called_faster = 0, 0, 0, 0
    for trial in range(100):
        row = overall(requests_of({"c2c": 10, "t2t": 20, "base": 10}, seed=trial), seed=trial)
        inside += row.loc["t2t", "speedup_low"] <= 2 <= row.loc["t2t", "speedup_high"]
        medians_inside += (
            row.loc["t2t", "median_ratio_low"] <= 2 <= row.loc["t2t", "median_ratio_high"]
        )
        called_faster += row.loc["t2t", "verdict"] == "faster"
        called_equal += row.loc["base", "verdict"] == "not distinguishable"
    assert inside >= 90
    assert medians_inside >= 90
    assert called_equal >= 90
    assert called_faster == 100


def test_few_samples_are_not_oversold():
    equal = [overall(requests_of({"c2c": 10, "base": 10}, samples=8, seed=n)) for n in range(100)]
    assert sum(row.loc["base", "verdict"] == "not distinguishable" for row in equal) >= 90
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


@pytest.mark.parametrize(("low", "high", "words"), [
    (1.1, 2, "faster"), (0.5, 0.9, "slower"), (0.9, 1.1, "not distinguishable"),
    (np.nan, np.nan, "not distinguishable"),
])  # fmt: skip
def test_the_verdict_reads_the_interval(low, high, words):
    assert verdict(low, high) == words
