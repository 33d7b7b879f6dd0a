"""Numbers as people read them."""

from __future__ import annotations


def rounded(value: float, digits: int) -> str:
    """Some significant digits, and no exponent below a million."""
    return f"{float(f'{value:.{digits}g}'):g}" if abs(value) < 1e6 else f"{value:.0f}"
