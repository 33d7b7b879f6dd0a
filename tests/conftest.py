"""One thread for torch in tests: they run beside each other, and wait for nobody's stopwatch.

No example of Hypothesis is too slow. Long files come first, so that none is left for the end. And
the fuzz tests' counts at the end.
"""

from __future__ import annotations

import os
import signal
import tempfile
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from imports_kept import imports_kept
from thoroughness import SCALE

os.environ.setdefault("OMP_NUM_THREADS", "1")
# A shell's background job ignores SIGINT, and so do all whom it starts; tests send it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
# What tests time is no measurement: it need not keep others from timing.
_locks = tempfile.TemporaryDirectory(prefix="c2c-timing-locks-")
os.environ["C2C_TIMING_LOCKS"] = _locks.name
TESTS = Path(__file__).parent
settings.register_profile(
    "patient", deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=20 * SCALE
)
settings.load_profile("patient")

# A worker takes one file after another, and one that begins late is waited for. The cluster's mostly
# waits; whoever owns it keeps its next file waiting too, so that a short one has that place.
LONG_FIRST = [
    "slurm/test_cluster.py",
    "test_pipeline.py",
    "fuzz/test_lines.py",
    "engine/test_fitness.py",
    "analysis/figures/test_wide_comparisons.py",
    "test_docs_commands.py",
    "engine/test_aligned_parity.py",
    "engine/test_compiled.py",
    "shard/test_processes.py",
    "test_pipeline_comparisons.py",
    "worker/test_shards_of_a_worker.py",
    "probes/self_test/test_self_test.py",
    "browser/test_report_in_a_browser.py",
    "test_pipeline_probes.py",
    "analysis/comparison/test_changes.py",
    "shard/test_resume.py",
    "test_benchmarks.py",
    "test_pipeline_precision.py",
    "analysis/test_ladder.py",
    "test_pipeline_elsewhere.py",
    "shard/test_commits.py",
    "engine/test_static_lengths.py",
    "engine/test_ladder_parity.py",
    "shard/test_readiness.py",
    "fuzz/test_rows.py",
    "test_commands.py",
    "analysis/test_merge_and_summary.py",
    "shard/test_looks_at_intervals.py",
    "data/test_hub_source.py",
    "analysis/figures/test_looks.py",
    "test_pipeline_hub.py",
    "engine/test_compiled_alike.py",
    "analysis/test_quality.py",
]


# A worker holds a gigabyte or two, and more of them would only wait for the longest file.
MOST_WORKERS = 8


def pytest_xdist_auto_num_workers():
    """Three workers keep two cores busy: the one with the cluster mostly waits."""
    is_told = hasattr(os, "sched_getaffinity")
    cores = len(os.sched_getaffinity(0)) if is_told else os.cpu_count() or 1
    return min(cores + 1, MOST_WORKERS)


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """What is imported until all tests are known stays: no search for cycles looks at it."""
    with imports_kept():
        return (yield)


def pytest_collection_modifyitems(items):
    """Keep the order within a file: what its tests share is made once."""
    places = {TESTS / name: place for place, name in enumerate(LONG_FIRST)}
    if gone := [str(path) for path in places if not path.is_file()]:
        raise pytest.UsageError(f"tests/conftest.py: LONG_FIRST names no file: {', '.join(gone)}")
    items.sort(key=lambda item: places.get(item.path, len(places)))


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
