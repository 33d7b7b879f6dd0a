"""Parts of ``benchmarks/sweep.py``: each measures one thing, and gives a figure after the other."""

from __future__ import annotations

from .figure import Figure
from .merging import merging
from .planning import planning
from .runs import default_run, full_sweep
from .shards import shards

# By name; each is given a folder for its files, and the command's flags.
PARTS = {
    "shards": shards,
    "default": default_run,
    "full": full_sweep,
    "plan": planning,
    "merge": merging,
}

__all__ = ["PARTS", "Figure"]
