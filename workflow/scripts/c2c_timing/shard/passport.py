"""Where a shard's numbers come from: software, hardware, code, models, seeds. For ``_run.json``."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
import os
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from ..cards.pair_card import FuserSpec
from ..engine.hub import commit_of, download_fuser
from ..engine.weights import fuser_weights
from ..meters import nvml
from ..meters.cpu import cpu_model
from ..places import LIBRARY
from .fingerprint import versions

if TYPE_CHECKING:
    from ..session import Session

GOVERNOR = Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")


def passport(session: Session) -> dict[str, Any]:
    """The passport of a shard; what cannot be known here is None."""
    gpu = nvml.handle_of(session.pair.device)
    device = nvml.describe(gpu) if gpu is not None else {}
    return {
        "versions": versions()
        | {"cuda": session.torch.version.cuda, "driver": device.pop("driver", None)},
        "device": {"name": session.model_config["device"], **device},
        "cpu": describe_cpu(),
        "git": describe_git(LIBRARY),
        "models": _models(session),
        "fusers": [_fuser(spec) for spec in session.card.fusers],
        "weights": session.model_config["weights"],
        "seed": session.settings.seed,
    }


def describe_cpu() -> dict[str, Any]:
    """Model, cores and governor."""
    return {
        "model": cpu_model(),
        "physical_cores": psutil.cpu_count(logical=False),
        "logical_cores": os.cpu_count(),
        "governor": GOVERNOR.read_text().strip() if GOVERNOR.is_file() else None,
    }


def describe_git(folder: Path) -> dict[str, str | bool] | None:
    """Commit, and whether all tracked files were as committed; None outside a repository."""
    commit = _git(folder, "rev-parse", "HEAD")
    changes = _git(folder, "status", "--porcelain", "--untracked-files=no")
    if commit is None or changes is None:
        return None
    return {"commit": commit, "is_clean": not changes}


def hash_files(paths: Iterable[Path]) -> str:
    """SHA-256 over names and contents, in the order of the names."""
    total = hashlib.sha256()
    for path in sorted(paths, key=lambda path: path.name):
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        total.update(f"{path.name} {digest}\n".encode())
    return total.hexdigest()


def hash_value(value: Any) -> str:
    """SHA-256 of a plain value as JSON with sorted keys."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()


def _models(session: Session) -> list[dict[str, Any]]:
    card, pair = session.card, session.pair
    specs, loaded = (card.base, *card.teachers), (pair.base, *pair.teachers)
    return [
        {
            "model": spec.model,
            "weights": spec.weights,
            "revision": commit_of(spec),
            "config_sha256": hash_value(_stable(model.model.config.to_dict())),
        }
        for spec, model in zip(specs, loaded, strict=True)
    ]


def _stable(config: dict[str, Any]) -> dict[str, Any]:
    """The config without where it was found, and which library read it."""
    return {k: v for k, v in config.items() if k not in ("_name_or_path", "transformers_version")}


def _fuser(spec: FuserSpec) -> dict[str, Any]:
    """Of a checkpoint the hash of its files, of a dummy that of its description."""
    return _hashed_fuser(spec, repr(fuser_weights(spec)))


@functools.cache
def _hashed_fuser(spec: FuserSpec, weights: str) -> dict[str, Any]:
    """Once for all shards of a process, as long as its weights stay: files are large."""
    if spec.weights == "dummy":
        return {"checkpoint": None, "weights": "dummy", "revision": None,
                "sha256": hash_value(dataclasses.asdict(spec))}  # fmt: skip
    # What lies on the Hub was downloaded when the pair was loaded.
    folder = download_fuser(spec, from_cache=True) if commit_of(spec) else Path(spec.location)
    files = (folder / (spec.subfolder or "")).glob("projector_*")
    return {"checkpoint": spec.checkpoint, "weights": spec.weights, "revision": commit_of(spec),
            "sha256": hash_files(files)}  # fmt: skip


def _git(folder: Path, *words: str) -> str | None:
    """What git says; None where there is no git, or no repository."""
    try:
        done = subprocess.run(
            ["git", "-C", folder, *words], capture_output=True, text=True, check=True, timeout=10
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
