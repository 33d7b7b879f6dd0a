"""The pair that the self-test times."""

from __future__ import annotations

import pytest

from c2c_timing.probes.self_test import whole as self_test
from c2c_timing.session import Trial


@pytest.fixture(scope="module")
def tiny():
    session, tasks = self_test.open_tiny("cpu")
    return session, {
        method: Trial(method, "eager", task.shortened(self_test.FEW_TOKENS))
        for method, task in tasks.items()
    }
