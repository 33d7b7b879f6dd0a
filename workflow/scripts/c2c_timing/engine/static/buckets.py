"""Lengths that share a capture: eight to an octave, so that padding is an eighth at most."""

from __future__ import annotations

FEWEST_CAPACITY = 64


def padded(tokens: int, room: int | None = None) -> int:
    """The bucket of a prompt: at least ``tokens``, less than an eighth more.

    Where that is more than there is room for (at least ``tokens``), it is a finer one: with half of
    the step, or a quarter. So it never depends on the very room, which differs from chat to chat.
    """
    step = max(1, (1 << (tokens.bit_length() - 1)) // 8)
    while room is not None and step > 1 and -(-tokens // step) * step > room:
        step //= 2
    return -(-tokens // step) * step


def capacity_bucket(tokens: int) -> int:
    """The capacity of a cache: a short answer must not read a long buffer."""
    return padded(max(tokens, FEWEST_CAPACITY))
