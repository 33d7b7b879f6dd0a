from __future__ import annotations

import pytest

from .support import Tally


@pytest.fixture
def tally(record_property):
    """Counts of a test, which stand in the summary at the end of the run."""
    counts = Tally()
    yield counts
    record_property("fuzz", dict(counts))
    assert counts["cases tried"] > 0
