"""One thread for torch in tests: they run beside each other, and wait for nobody's stopwatch.

No example of Hypothesis is too slow. And the fuzz tests' counts at the end.
"""

from __future__ import annotations

import os
import tempfile
from collections import Counter

from hypothesis import HealthCheck, settings

os.environ.setdefault("OMP_NUM_THREADS", "1")
# What tests time is no measurement: it need not keep others from timing.
_locks = tempfile.TemporaryDirectory(prefix="c2c-timing-locks-")
os.environ["C2C_TIMING_LOCKS"] = _locks.name
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


def pytest_terminal_summary(terminalreporter):
    """Sum what the fuzz tests tried, and how it ended."""
    total: Counter[str] = Counter()
    for reports in terminalreporter.stats.values():
        for report in reports:
            if getattr(report, "when", None) == "teardown":
                for name, counts in report.user_properties:
                    if name == "fuzz":
                        total.update(counts)
    if total:
        told = ", ".join(f"{name} {count}" for name, count in total.items())
        terminalreporter.write_line(f"fuzz: {told}")
