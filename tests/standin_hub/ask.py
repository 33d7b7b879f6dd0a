"""Calls the Hub's libraries in a process of their own: HF_ENDPOINT is read when they are imported.

``ask`` runs here; the functions below it run there, and their values come back as JSON.
"""

from __future__ import annotations

import importlib
import itertools
import json
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from forks import Fork

HURRY = {"STANDIN_HUB_HURRY": "1"}
"""More environment for a call: the libraries' waits between retries become short."""

Call = tuple[str, Sequence[Any], Mapping[str, Any]]
"""Name of a function (``standin_hub.ask`` where no module is named), and its arguments."""


def ask(environment: Mapping[str, str], calls: Mapping[str, Call]) -> dict[str, dict[str, Any]]:
    """Make the calls one after the other, in one process.

    Returns:
        For each call ``{"value": ...}``, or ``{"error": type name, "message": ...}``.
    """
    fork = Fork(_answer_all, dict(calls), environment=environment)
    answers, trouble = fork.communicate()
    assert fork.returncode == 0, trouble[-3000:]
    return json.loads(answers.splitlines()[-1])


def load_dataset(*args: Any, first: int | None = None, **kwargs: Any) -> list[dict[str, Any]]:
    """All rows, or the first ones."""
    import datasets

    return list(itertools.islice(datasets.load_dataset(*args, **kwargs), first))


def features(*args: Any, **kwargs: Any) -> dict[str, str]:
    """Columns and their types."""
    import datasets

    found = datasets.load_dataset(*args, **kwargs).features
    return {name: repr(kind) for name, kind in found.items()}


def load_from_disk(repo_id: str, folder: str) -> list[dict[str, Any]]:
    """Rows of a folder in a repository, through ``load_from_disk``."""
    import datasets
    import huggingface_hub

    path = huggingface_hub.snapshot_download(repo_id, repo_type="dataset")
    return list(datasets.load_from_disk(f"{path}/{folder}"))


def read_member(repo_id: str, archive: str, member: str) -> list[Any]:
    """Rows of a file of JSON lines inside an archive."""
    import zipfile

    import huggingface_hub

    path = huggingface_hub.hf_hub_download(repo_id, archive, repo_type="dataset")
    with zipfile.ZipFile(path) as opened:
        return [json.loads(line) for line in opened.read(member).splitlines()]


def read_start(path: str, size: int, at: int = 0) -> str:
    """Some bytes of a file, in hexadecimal, without downloading it."""
    import huggingface_hub

    if at:
        with huggingface_hub.HfFileSystem().open(path, block_size=size) as file:
            file.seek(at)
            return file.read(size).hex()
    with huggingface_hub.HfFileSystem().open(path, block_size=0) as file:
        return file.read(size).hex()


def download(repo_id: str, path: str, **kwargs: Any) -> dict[str, Any]:
    """A file's size and the commit in its place in the cache."""
    import huggingface_hub

    found = Path(huggingface_hub.hf_hub_download(repo_id, path, **kwargs))
    commit = found.parts[found.parts.index("snapshots") + 1]
    return {"bytes": found.stat().st_size, "commit": commit}


def snapshot(repo_id: str, **kwargs: Any) -> list[str]:
    """The files of a whole repository."""
    import huggingface_hub

    folder = Path(huggingface_hub.snapshot_download(repo_id, **kwargs))
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def describe(repo_id: str, **kwargs: Any) -> dict[str, Any]:
    """What the programming interface tells of a repository."""
    import huggingface_hub

    api = huggingface_hub.HfApi()
    tree = api.list_repo_tree(repo_id, recursive=True, expand=True, **kwargs)
    branches = api.list_repo_refs(repo_id, **kwargs).branches
    return {
        "sha": api.repo_info(repo_id, **kwargs).sha,
        "branches": {branch.name: branch.target_commit for branch in branches},
        "tree": sorted(entry.path for entry in tree),
        "some": [e.path for e in api.get_paths_info(repo_id, ["README.md", "gone"], **kwargs)],
    }


def model_round_trip(root: str, repo_id: str, max_shard_size: str) -> dict[str, Any]:
    """Write a tiny Qwen3 and a tokenizer, load both from the Hub, and compare."""
    import torch
    import transformers

    from standin_hub.tiny_model import tiny_model, tiny_tokenizer

    from . import repositories

    model, tokenizer = tiny_model(), tiny_tokenizer()
    repositories.write_model(Path(root), repo_id, model, tokenizer, max_shard_size=max_shard_size)
    config = transformers.AutoConfig.from_pretrained(repo_id)
    loaded = transformers.AutoModelForCausalLM.from_pretrained(repo_id, dtype=torch.float32)
    read = transformers.AutoTokenizer.from_pretrained(repo_id)
    ids = read.apply_chat_template([{"role": "user", "content": "a b c"}], return_dict=False)
    with torch.no_grad():
        expected = model(torch.tensor([ids])).logits
        logits = loaded(torch.tensor([ids])).logits
    return {
        "layers": config.num_hidden_layers,
        "eos": loaded.generation_config.eos_token_id,
        "ids": ids,
        "same_ids": ids == tokenizer.apply_chat_template(
            [{"role": "user", "content": "a b c"}], return_dict=False
        ),
        "logits_equal": bool(torch.equal(logits, expected)),
    }  # fmt: skip


def read_model(repo_id: str, **kwargs: Any) -> int:
    """Load a model and count its parameters."""
    import transformers

    return transformers.AutoModelForCausalLM.from_pretrained(repo_id, **kwargs).num_parameters()


def _find(name: str) -> Any:
    module, _, function = name.rpartition(":")
    return getattr(importlib.import_module(module or __name__), function)


def _shorten_waits() -> None:
    wait = time.sleep
    time.sleep = lambda seconds: wait(min(seconds, 0.02))


def _answer_all(calls: Mapping[str, Call]) -> None:
    if "STANDIN_HUB_HURRY" in os.environ:
        _shorten_waits()
    answers: dict[str, dict[str, Any]] = {}
    for name, (function, args, kwargs) in calls.items():
        try:
            answers[name] = {"value": _find(function)(*args, **kwargs)}
        except Exception as error:  # what a library raises is part of the answer
            answers[name] = {"error": type(error).__name__, "message": str(error)}
    print(json.dumps(answers))
