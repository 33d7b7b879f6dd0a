"""Lengths that share a capture: eight to an octave, so that padding is an eighth at most."""

from __future__ import annotations

FEWEST_CAPACITY = 64


def padded(tokens: int) -> int:
    """The bucket of a prompt: at least ``tokens``, less than an eighth more."""
    step = max(1, (1 << (tokens.bit_length() - 1)) // 8)
    return -(-tokens // step) * step


def capacity_bucket(tokens: int) -> int:
    """The capacity of a cache: a short answer must not read a long buffer."""
    return padded(max(tokens, FEWEST_CAPACITY))
