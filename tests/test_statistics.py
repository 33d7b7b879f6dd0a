from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from c2c_timing.statistics import (
    ResampledMedian,
    draws,
    interval,
    mean_interval,
    median_intervals,
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
