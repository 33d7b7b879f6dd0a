"""One thread for torch in tests: they run beside each other. And the fuzz tests' counts at the end."""

from __future__ import annotations

import os
from collections import Counter

os.environ.setdefault("OMP_NUM_THREADS", "1")


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
