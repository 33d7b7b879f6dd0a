"""Whether others were at work on the machine while a shard ran, from what its run wrote down."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def highest_load(run: Mapping[str, Any]) -> float:
    """The machine's highest load while a run went on; 0 where it is not known."""
    return ((run.get("watch") or {}).get("load_1m") or {}).get("max") or 0


def busy_words(run: Mapping[str, Any]) -> str | None:
    """How busy the machine was, where its load was above its cores; None where it was not.

    The load is that of the whole machine, so it is held against all of the machine's cores, not
    against those that the shard may use: others' work on other cores is none of its business.

    Args:
        run: a shard's ``_run.json``.
    """
    load = highest_load(run)
    cores = (run.get("cpu") or {}).get("logical_cores")
    if not load or not cores or load <= cores:
        return None
    return f"at a load of {load:.1f} on {cores} cores"
