from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from c2c_timing.analysis.comparison.estimates import mean_estimate
from c2c_timing.analysis.paired_times import Pairs, compare_pairs
from c2c_timing.statistics import (
    FEWEST_SAMPLES,
    ResampledMedian,
    draws,
    interval,
    mean_interval,
    median_intervals,
    spreads,
)


def clusters(rng, samples=30, repeats=3):
    size = rng.normal(0, 1, samples)
    values = size[:, None] + rng.normal(0, 0.3, (samples, repeats))
    return values.ravel(), np.repeat(np.arange(samples), repeats)


def test_the_interval_of_a_median_holds_the_truth_though_repeats_are_not_independent():
    rng = np.random.default_rng(0)
    inside = 0
    for _ in range(400):
        values, sample = clusters(rng)
        (low,), (high,) = median_intervals(values[:, None], sample)
        inside += low <= 0 <= high
    assert 0.92 <= inside / 400 <= 0.985


def test_columns_have_intervals_of_their_own_and_may_have_holes():
    rng = np.random.default_rng(1)
    values, sample = clusters(rng)
    holes = np.where(sample < 10, values, np.nan)
    low, high = median_intervals(
        np.stack([values, values + 5, holes, np.full_like(values, np.nan)], axis=1), sample
    )
    assert low[1] == pytest.approx(low[0] + 5)
    assert high[2] - low[2] > high[0] - low[0]
    assert np.isnan([low[3], high[3]]).all()


def test_one_sample_has_no_interval_and_equal_values_have_no_width():
    assert np.isnan(median_intervals(np.ones((3, 1)), np.zeros(3, int))).all()
    low, high = median_intervals(np.ones((6, 1)), np.arange(6))
    assert (low[0], high[0]) == (1, 1)
    assert np.isnan(interval(np.arange(100.0), 4)).all()


@given(st.lists(st.tuples(st.floats(0.1, 1e4), st.integers(0, 6)), min_size=7, max_size=60))
def test_a_resampled_median_is_the_median_of_what_was_drawn(records):
    values = np.array([value for value, _ in records])
    sample = np.unique([group for _, group in records], return_inverse=True)[1]
    samples = sample.max() + 1
    counts = next(draws(samples, 0, 20))
    medians = ResampledMedian(values, sample).of(counts.T)
    for drawn, median in zip(counts, medians, strict=True):
        assert median == np.median(np.repeat(values, drawn.astype(int)[sample]))


def test_records_far_from_the_middle_are_counted_right():
    rng = np.random.default_rng(2)
    values, sample = clusters(rng, samples=3000, repeats=2)
    counts = next(draws(3000, 0, 20))
    medians = ResampledMedian(values, sample).of(counts.T)
    for drawn, median in zip(counts, medians, strict=True):
        assert median == np.median(np.repeat(values, drawn.astype(int)[sample]))


def test_draws_are_whole_samples_and_seeded():
    chunks = [np.concatenate(list(draws(50, seed, 300))) for seed in (1, 1, 2)]
    assert chunks[0].shape == (300, 50)
    assert (chunks[0].sum(axis=1) == 50).all()
    assert (chunks[0] == chunks[1]).all()
    assert (chunks[0] != chunks[2]).any()


def test_the_interval_of_a_mean_holds_the_truth_and_few_samples_have_none():
    rng = np.random.default_rng(2)
    ends = [mean_interval(rng.normal(3, 1, 12), seed) for seed in range(300)]
    assert 0.92 <= np.mean([low <= 3 <= high for low, high in ends]) <= 0.985
    assert np.isnan(mean_interval(np.ones(4))).all()


def few_requests(samples, repeats):
    """Of few samples, each with some repeats: values and samples."""
    return st.lists(
        st.lists(st.floats(0.1, 1e4), min_size=1, max_size=repeats), min_size=1, max_size=samples
    ).map(
        lambda found: (
            np.array([value for values in found for value in values]),
            np.repeat(np.arange(len(found)), [len(values) for values in found]),
        )
    )


@given(few_requests(FEWEST_SAMPLES - 1, 30))
def test_fewer_samples_than_it_takes_have_no_interval_however_often_they_are_repeated(requests):
    values, sample = requests
    samples = sample.max() + 1
    assert np.isnan(median_intervals(values[:, None], sample)).all()
    assert np.isnan(interval(values, samples)).all()
    assert np.isnan(mean_interval(values[:samples])).all()
    assert np.isnan(mean_estimate(values[:samples]).interval()).all()
    (compared,) = compare_pairs([Pairs.of(values, values * 1.5, sample, 0 * sample)])
    assert np.isnan([compared[f"{name}_{end}"] for name in ("speedup", "median_ratio")
                     for end in ("low", "high")]).all()  # fmt: skip


@given(few_requests(12, 4), st.integers(0, 5))
def test_an_interval_has_a_width_where_samples_differ(requests, seed):
    values, sample = requests
    means = np.bincount(sample, np.log(values)) / np.bincount(sample)
    low, high = mean_interval(means, seed)
    wide_low, wide_high = mean_estimate(means).interval()
    if len(means) >= FEWEST_SAMPLES and np.ptp(means) > 1e-6:
        assert low < high
        assert wide_low < wide_high
    else:
        assert not low < high - 1e-6


@given(st.integers(1, 400))
def test_percentiles_are_there_when_two_values_lie_beyond_them(number):
    found = spreads(np.arange(float(number)), np.zeros(number, int), np.arange(number), 1)
    assert np.isnan(found["p90"][0]) == (number < 20)
    assert np.isnan(found["p99"][0]) == (number < 200)
