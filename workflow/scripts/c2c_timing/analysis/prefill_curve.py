"""Prefill time against the tokens read: a + b · tokens + c · tokens², attention being the square.

Coefficients are costs: none of them is negative. Times spread in proportion to their size, and a busy
machine makes some very slow: least squares of the logarithms, with Huber's loss.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import least_squares

# What a curve needs: as many different lengths, and the longest so many times the shortest.
LEAST_LENGTHS, LEAST_RANGE = 5, 1.5
# A share of the time beyond which a request counts less.
FAR = 0.1
# Terms that make up a smaller share of every time are not told apart from nothing.
NOTHING = 1e-3


@dataclass(frozen=True)
class PrefillCurve:
    """Coefficients in ms, ms a token and ms a squared token; none is negative."""

    start: float
    per_token: float
    per_squared_token: float

    def at(self, tokens: np.ndarray) -> np.ndarray:
        """Times in ms of numbers of tokens (n,)."""
        return self.start + self.per_token * tokens + self.per_squared_token * tokens**2

    @property
    def equation(self) -> str:
        """The curve over n tokens, without terms that are nothing."""
        terms = (
            (self.start, 1.0, "ms"),
            (self.per_token, 1e3, "µs·n"),
            (self.per_squared_token, 1e6, "ns·n²"),
        )
        return " + ".join(f"{value * scale:.3g} {unit}" for value, scale, unit in terms if value)


def fit_prefill(tokens: np.ndarray, ms: np.ndarray) -> PrefillCurve | None:
    """The curve through requests (n,), times above 0; None where they do not tell one.

    That is: too few different lengths, too close to each other, or no growth with them.
    """
    seen = np.unique(tokens[tokens > 0])
    if len(seen) < LEAST_LENGTHS or seen[-1] < LEAST_RANGE * seen[0]:
        return None
    longest = seen[-1]
    terms = np.stack([np.ones_like(tokens), tokens / longest, (tokens / longest) ** 2], axis=1)
    logs = np.log(ms)

    def misses(costs: np.ndarray) -> np.ndarray:
        return np.log(terms @ costs) - logs

    def slopes(costs: np.ndarray) -> np.ndarray:
        return terms / (terms @ costs)[:, None]

    middle = np.median(ms)
    found = least_squares(
        misses,
        np.full(3, middle / 3),
        slopes,
        bounds=(1e-9 * middle, np.inf),
        loss="huber",
        f_scale=FAR,
    )
    # At the longest prompt growth is the largest share; at the shortest the start is.
    shares = terms[[tokens.argmin(), tokens.argmax()]] * found.x
    is_some = (shares / shares.sum(axis=1, keepdims=True)).max(axis=0) > NOTHING
    costs = np.where(is_some, found.x, 0.0) / longest ** np.arange(3)
    return PrefillCurve(*map(float, costs)) if costs[1:].any() else None
