"""What is said where there are fewer samples than were asked for: in one wording everywhere."""

from __future__ import annotations

NO_MORE = "the source has no more"


def fewer(wanted: int, found: object, each: str = "") -> str:
    """One clause.

    Args:
        found: the number, or several with what they are of.
        each: of what so many samples were asked for, where that are several: " of each data set".
    """
    return f"asked for {wanted} samples{each} and got {found}"
