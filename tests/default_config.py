"""The default config, which has every key, and what is laid over it."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import yaml
from folders import ROOT
from snakemake.utils import update_config

from c2c_timing.planning.config import empty_subjects

DEFAULT = yaml.safe_load((ROOT / "config.yaml").read_text())


def with_(**changes: Any) -> dict[str, Any]:
    """Other values of some keys."""
    return {**copy.deepcopy(DEFAULT), **changes}


def with_file(path: Path) -> dict[str, Any]:
    """Another file over it, as Snakemake lays it."""
    config, layer = with_(), yaml.safe_load(path.read_text())
    update_config(config, layer)
    empty_subjects(config, [layer])
    return config
