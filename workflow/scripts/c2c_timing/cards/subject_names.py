"""Names that stand for more or less than one subject of several."""

from __future__ import annotations

EVERY_SUBJECT = "all"
# Of a data set without subjects.
ONLY_SUBJECT = "main"


def subject_today(subject: str) -> str:
    """A subject by its present name: earlier versions called the only one ``all``."""
    return ONLY_SUBJECT if subject == EVERY_SUBJECT else subject
