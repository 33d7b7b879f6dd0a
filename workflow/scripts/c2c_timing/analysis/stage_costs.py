"""What a token costs in each stage: time = a + b · tokens, for every method of a pair on a device.

Times spread in proportion to their size, so the line is the one of least relative squares. They are
relative to the line, not to the time itself, since that would favour whatever was quick by chance,
and times far from the line count less (Huber's weights), since a busy machine makes some very slow:
iteratively reweighted least squares.

A token never costs less than nothing: b is 0 where times would fall with the tokens. Over a wide range
of lengths prefill is no line, attention being the square: ``prefill_curve`` draws it.

Stages that run once a request are fitted over requests: tokens are those that the stage read.
Decoding is fitted over the first step and the whole of every request: tokens are those that it
generated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..stages import ONCE, PER_TOKEN, Stage
from ..statistics import draws, interval
from .columns import CONDITIONS, SAMPLE, setup_last
from .first_steps import first_steps

REWEIGHTINGS = 5
_AS_FITTED = [
    *CONDITIONS,
    "method",
    "stage",
    "num_samples",
    "num_records",
    "tokens_min",
    "tokens_max",
    "a_ms",
    "a_ms_low",
    "a_ms_high",
    "b_ms_per_token",
    "b_ms_per_token_low",
    "b_ms_per_token_high",
    "median_error",
]
COLUMNS = setup_last(_AS_FITTED)


@dataclass(frozen=True)
class Line:
    """a + b · tokens of one stage, in ms, with bootstrap replicates of both.

    Attributes:
        coefficients: (2,), a and b.
        replicates: (replicates, 2); the same draws of samples for every stage of a method group.
        tokens: least and most tokens seen.
        median_error: median of |time / line - 1| over the points.
    """

    coefficients: np.ndarray
    replicates: np.ndarray
    tokens: tuple[float, float]
    median_error: float

    def at(self, tokens: float) -> np.ndarray:
        """Time at a number of tokens: the estimate first, then its replicates."""
        return self._all @ np.array([1.0, tokens])

    @property
    def slopes(self) -> np.ndarray:
        """Time per token: the estimate first, then its replicates."""
        return self._all[:, 1]

    @property
    def _all(self) -> np.ndarray:
        return np.vstack([self.coefficients, self.replicates])


def fit_stages(records: pd.DataFrame, seed: int = 0) -> dict[tuple[str, Stage], Line]:
    """A line for each (method, stage) of one pair under one condition.

    Samples are drawn once for all of them, so that replicates belong together.
    """
    records = with_token_columns(records)
    sample = records.groupby(SAMPLE, sort=False).ngroup().to_numpy()
    samples = sample.max() + 1
    fits = {}
    for method, rows in records.groupby("method"):
        own = sample[(records["method"] == method).to_numpy()]
        for stage in (*ONCE, *PER_TOKEN):
            points = _points(rows, own, stage)
            if points.size:
                fits[method, stage] = _fit(points, samples)
    replicates = _replicates([fit.moments for fit in fits.values()], seed) if fits else ()
    return {
        key: Line(fit.coefficients, own, fit.tokens, fit.median_error)
        for (key, fit), own in zip(fits.items(), replicates, strict=True)
    }


def stage_costs(timings: pd.DataFrame, seed: int = 0) -> pd.DataFrame:
    """``fit_stages`` of every pair and condition as a table, with 95 % intervals by sample."""
    rows = []
    for conditions, records in timings.groupby(CONDITIONS, sort=True):
        for (method, stage), line in fit_stages(records, seed).items():
            own = records[records["method"] == method]
            n = len(own[SAMPLE].drop_duplicates())
            ends = [interval(values, n) for values in line.replicates.T]
            (a, b), (a_ends, b_ends) = line.coefficients, ends
            known = (n, len(own), *line.tokens)
            fitted = (a, *a_ends, b, *b_ends, line.median_error)
            rows.append((*conditions, method, stage.value, *known, *fitted))
    return pd.DataFrame(rows, columns=_AS_FITTED)[COLUMNS]


def with_token_columns(records: pd.DataFrame) -> pd.DataFrame:
    """Add the tokens that the models read before they write, with which their prefill grows."""
    return records.assign(
        base_tokens=records["prompt_length"] - 1,
        teacher_tokens=records["teacher_prompt_length"].fillna(records["prompt_length"]) - 1,
    )


def _points(rows: pd.DataFrame, sample: np.ndarray, stage: Stage) -> np.ndarray:
    """Tokens, time in ms and sample of every point of a stage: (3, n)."""
    tokens, ms = (rows[name].astype(float).to_numpy() for name in (stage.tokens, stage.key))
    points = np.stack([tokens, ms, sample])
    if stage.is_per_token:
        first = np.asarray(first_steps(rows, stage), dtype=float)
        step = np.stack([np.ones_like(first), first, sample])
        points = np.concatenate([points[:, tokens > 1], step], axis=1)
    return points[:, ~np.isnan(points[0]) & (points[1] > 0)]


@dataclass(frozen=True)
class _Fit:
    """A line, and what each sample adds to its normal equations: (samples, 5)."""

    coefficients: np.ndarray
    moments: np.ndarray
    tokens: tuple[float, float]
    median_error: float


def _fit(points: np.ndarray, samples: int) -> _Fit:
    tokens, ms, sample = points[0], points[1], points[2].astype(int)
    expected = np.full_like(ms, ms.mean())
    for _ in range(REWEIGHTINGS):
        weight = huber_weights(ms / expected - 1) / expected**2
        moments = _moments(tokens, ms, weight, sample, samples)
        start, slope = coefficients = _solve(moments.sum(axis=0))
        expected = np.maximum(start + slope * tokens, ms.min() / 2)
    error = float(np.median(np.abs(expected / ms - 1)))
    return _Fit(coefficients, moments, (tokens.min(), tokens.max()), error)


def _replicates(moments: Sequence[np.ndarray], seed: int) -> np.ndarray:
    """(lines, replicates, 2): a and b of every line; a chunk of draws at a time, for all lines."""
    of_samples = np.concatenate(moments, axis=1)
    sums = np.concatenate([counts @ of_samples for counts in draws(len(of_samples), seed)])
    return np.stack([_solve(own) for own in np.split(sums, len(moments), axis=1)])


def huber_weights(residuals: np.ndarray) -> np.ndarray:
    """Weights of Huber's M-estimator, tuned to 95 % efficiency for normal errors; by row (..., n)."""
    # Where most residuals are 0 they keep their weight.
    middle = np.median(np.abs(residuals), axis=-1, keepdims=True)
    spread = np.maximum(1.4826 * middle, 1e-12)
    return np.minimum(1, 1.345 * spread / np.maximum(np.abs(residuals), 1e-12))


def _moments(
    tokens: np.ndarray, ms: np.ndarray, weight: np.ndarray, sample: np.ndarray, samples: int
) -> np.ndarray:
    """What each sample adds to the normal equations: (samples, 5)."""
    sums = (weight, weight * tokens, weight * tokens**2, weight * ms, weight * tokens * ms)
    return np.stack([np.bincount(sample, values, minlength=samples) for values in sums], axis=1)


def _solve(moments: np.ndarray) -> np.ndarray:
    """a and b (..., 2) of moments (..., 5), b not below 0; of equal tokens the time is all a."""
    one, x, xx, y, xy = np.moveaxis(moments, -1, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = one * xx - x * x
        # Rounding leaves some spread even where there is none.
        slope = np.where(spread > 1e-9 * one * xx, (one * xy - x * y) / spread, 0.0)
        # A token costs something: where times fall with the tokens that is noise.
        slope = np.maximum(slope, 0.0)
        start = (y - slope * x) / one
    return np.stack([start, slope], axis=-1)
