"""Writes repositories in the layouts of the real ones, out of rows in their native columns."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet

from .layouts import (
    Features,
    Rows,
    as_table,
    json_lines,
    save_to_disk,
    write_plain_readme,
    write_readme,
)

IN_LFS = ("*.arrow", "*.bin", "*.parquet", "*.pt", "*.safetensors", "*.zip", "openhermes2_5.json")

QUESTION = {"id": "string", "question": "string", "choices": "choices", "answerKey": "string"}
FEATURES: dict[str, Features] = {
    "cais/mmlu": {
        "question": "string",
        "subject": "string",
        "choices": "list",
        "answer": ["A", "B", "C", "D"],
    },
    "openai/gsm8k": {"question": "string", "answer": "string"},
    "allenai/ai2_arc": QUESTION,
    "allenai/openbookqa": {
        "id": "string",
        "question_stem": "string",
        "choices": "choices",
        "answerKey": "string",
    },
    "TIGER-Lab/MMLU-Pro": {
        "question_id": "int64",
        "question": "string",
        "options": "list",
        "answer": "string",
        "answer_index": "int64",
        "cot_content": "string",
        "category": "string",
        "src": "string",
    },
    "edinburgh-dawg/mmlu-redux-2.0": {
        "question": "string",
        "choices": "list",
        "answer": "int64",
        "error_type": "string",
        "source": "string",
        "correct_answer": "string",
        "potential_reason": "string",
    },
}


def repository_folder(root: Path, kind: str, repo_id: str, revision: str = "main") -> Path:
    """Make the folder of a revision, with the patterns of what lies in LFS.

    Args:
        root: the stand-in Hub's root.
        kind: ``datasets`` or ``models``.
        repo_id: ``namespace/name``.
        revision: ``main`` or any other name.
    """
    folder = root / kind / (repo_id if revision == "main" else f"{repo_id}@{revision}")
    folder.mkdir(parents=True, exist_ok=True)
    lines = [f"{pattern} filter=lfs diff=lfs merge=lfs -text\n" for pattern in IN_LFS]
    (folder / ".gitattributes").write_text("".join(lines))
    return folder


# --- data sets -----------------------------------------------------------------------------


def write_parquet_configs(
    root: Path,
    repo_id: str,
    configs: Mapping[str, Mapping[str, Rows]],
    path: str = "{config}/{split}-00000-of-00001.parquet",
    revision: str = "main",
) -> Path:
    """One Parquet file for each split of each configuration, named in the README.

    Args:
        root: the stand-in Hub's root.
        repo_id: one of ``FEATURES``.
        configs: configuration to split to rows.
        path: where a split's file lies.
        revision: name of the revision.
    """
    folder = repository_folder(root, "datasets", repo_id, revision)
    features = FEATURES[repo_id]
    for config, splits in configs.items():
        for split, rows in splits.items():
            target = folder / path.format(config=config, split=split)
            target.parent.mkdir(parents=True, exist_ok=True)
            pyarrow.parquet.write_table(as_table(rows, features), target)
    star = path.replace("00000-of-00001", "*")
    write_readme(folder, configs, features, star)
    return folder


def write_mmlu(root: Path, subjects: Mapping[str, Rows], revision: str = "main") -> Path:
    """cais/mmlu: a configuration for each subject, and ``all``."""
    everything = [row for rows in subjects.values() for row in rows]
    configs = {"all": everything, **subjects}
    splits = {name: {"test": rows, "dev": rows[:1]} for name, rows in configs.items()}
    return write_parquet_configs(root, "cais/mmlu", splits, revision=revision)


def write_gsm8k(root: Path, subjects: Mapping[str, Rows], revision: str = "main") -> Path:
    """openai/gsm8k: ``main``, and ``socratic`` with rows of its own."""
    rows = subjects["main"]
    configs = {
        "main": {"train": rows[:1], "test": rows},
        "socratic": {"train": rows[:1], "test": rows[:1]},
    }
    return write_parquet_configs(root, "openai/gsm8k", configs, revision=revision)


def write_openbookqa(root: Path, subjects: Mapping[str, Rows], revision: str = "main") -> Path:
    """allenai/openbookqa: ``main``."""
    rows = subjects["main"]
    configs = {"main": {"train": rows[:1], "validation": rows[:1], "test": rows}}
    return write_parquet_configs(root, "allenai/openbookqa", configs, revision=revision)


def write_ai2_arc(root: Path, subjects: Mapping[str, Rows], revision: str = "main") -> Path:
    """allenai/ai2_arc: ``ARC-Challenge`` and ``ARC-Easy``."""
    configs = {name: {"train": rows[:1], "test": rows} for name, rows in subjects.items()}
    return write_parquet_configs(root, "allenai/ai2_arc", configs, revision=revision)


def write_mmlu_pro(root: Path, subjects: Mapping[str, Rows], revision: str = "main") -> Path:
    """TIGER-Lab/MMLU-Pro: one table of all categories."""
    rows = [row for rows in subjects.values() for row in rows]
    configs = {"default": {"test": rows, "validation": rows[:1]}}
    path = "data/{split}-00000-of-00001.parquet"
    return write_parquet_configs(root, "TIGER-Lab/MMLU-Pro", configs, path, revision)


def write_math_500(root: Path, subjects: Mapping[str, Rows], revision: str = "main") -> Path:
    """HuggingFaceH4/MATH-500: one file of JSON lines; the README says nothing of it."""
    folder = repository_folder(root, "datasets", "HuggingFaceH4/MATH-500", revision)
    (folder / "test.jsonl").write_text(json_lines(subjects["main"]), encoding="utf-8")
    write_plain_readme(folder, {"language": ["en"], "pretty_name": "MATH-500"})
    return folder


def write_mmlu_redux(root: Path, subjects: Mapping[str, Rows], revision: str = "main") -> Path:
    """edinburgh-dawg/mmlu-redux-2.0: a folder for each subject as save_to_disk writes it."""
    repo_id = "edinburgh-dawg/mmlu-redux-2.0"
    folder = repository_folder(root, "datasets", repo_id, revision)
    for subject, rows in subjects.items():
        save_to_disk(rows, FEATURES[repo_id], folder / subject)
    configs = {subject: {"test": rows} for subject, rows in subjects.items()}
    write_readme(folder, configs, None, "{config}/data-00000-of-00001.arrow")
    return folder


def write_openhermes(root: Path, subjects: Mapping[str, Rows], revision: str = "main") -> Path:
    """teknium/OpenHermes-2.5: one JSON array; a row has those keys alone that it was given."""
    folder = repository_folder(root, "datasets", "teknium/OpenHermes-2.5", revision)
    text = json.dumps(list(subjects["main"]), ensure_ascii=False, indent=2)
    (folder / "openhermes2_5.json").write_text(text, encoding="utf-8")
    write_plain_readme(folder, {"language": ["eng"], "pretty_name": "OpenHermes 2.5"})
    return folder


def write_longbench(root: Path, subjects: Mapping[str, Rows], revision: str = "main") -> Path:
    """zai-org/LongBench: all tasks in one archive, beside a loading script."""
    folder = repository_folder(root, "datasets", "zai-org/LongBench", revision)
    with zipfile.ZipFile(folder / "data.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for task, rows in subjects.items():
            archive.writestr(f"data/{task}.jsonl", json_lines(rows))
    (folder / "LongBench.py").write_text("# a loading script; no library runs it any more\n")
    write_plain_readme(folder, {"language": ["en", "zh"], "task_categories": ["summarization"]})
    return folder


WRITERS: dict[str, Callable[..., Path]] = {
    "openhermes": write_openhermes,
    "mmlu": write_mmlu,
    "mmlu-redux": write_mmlu_redux,
    "gsm8k": write_gsm8k,
    "math-500": write_math_500,
    "longbench": write_longbench,
    "openbookqa": write_openbookqa,
    "ai2-arc": write_ai2_arc,
    "mmlu-pro": write_mmlu_pro,
}
"""Data set to its writer: ``write(root, {subject: rows}, revision="main")``."""


# --- models --------------------------------------------------------------------------------


def write_model(
    root: Path,
    repo_id: str,
    model: Any,
    tokenizer: Any,
    revision: str = "main",
    max_shard_size: str = "5GB",
) -> Path:
    """A transformers model and its tokenizer, as ``save_pretrained`` writes them."""
    folder = repository_folder(root, "models", repo_id, revision)
    model.save_pretrained(folder, max_shard_size=max_shard_size)
    model.generation_config.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def write_fuser(
    root: Path,
    pair_folder: str,
    checkpoint: Path,
    repo_id: str = "nics-efc/C2C_Fuser",
    revision: str = "main",
) -> Path:
    """Copy a checkpoint (``projector_*.pt``, ``.json``) to ``{pair_folder}/final``."""
    folder = repository_folder(root, "models", repo_id, revision)
    shutil.copytree(checkpoint, folder / pair_folder / "final", dirs_exist_ok=True)
    (folder / "README.md").write_text("# Fusers\n")
    return folder


def move_main(root: Path, kind: str, repo_id: str, revision: str) -> None:
    """``main`` is another revision from now on."""
    folder = repository_folder(root, kind, repo_id)
    folder.with_name(f"{folder.name}.main").write_text(revision)
