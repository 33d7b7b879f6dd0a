"""Files of a data set repository: tables, READMEs with their YAML head, save_to_disk folders."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow
import yaml

Rows = Sequence[Mapping[str, Any]]
Features = dict[str, str | list[str]]
"""Column to type: ``string``, ``int64``, ``list``, ``choices``, or the names of a class label."""


def json_lines(rows: Rows) -> str:
    """One JSON object a line."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def as_table(rows: Rows, features: Features) -> pyarrow.Table:
    """The rows with the columns' own types, also where all values are null."""
    strings = pyarrow.list_(pyarrow.string())
    types = {
        "string": pyarrow.string(),
        "int64": pyarrow.int64(),
        "list": strings,
        "choices": pyarrow.struct({"text": strings, "label": strings}),
    }
    fields = {name: types["int64" if isinstance(kind, list) else kind]
              for name, kind in features.items()}  # fmt: skip
    return pyarrow.Table.from_pylist(list(rows), schema=pyarrow.schema(fields))


def _readme_feature(name: str, kind: str | list[str]) -> dict[str, Any]:
    if isinstance(kind, list):
        labels = {str(index): label for index, label in enumerate(kind)}
        return {"name": name, "dtype": {"class_label": {"names": labels}}}
    if kind == "choices":
        parts = [{"name": part, "dtype": "string"} for part in ("text", "label")]
        return {"name": name, "sequence": parts}
    return {"name": name, "sequence": "string"} if kind == "list" else {"name": name, "dtype": kind}


def _readme_split(name: str, rows: Rows) -> dict[str, Any]:
    return {"name": name, "num_bytes": len(json_lines(rows)), "num_examples": len(rows)}


def write_readme(
    folder: Path,
    configs: Mapping[str, Mapping[str, Rows]],
    features: Features | None,
    path: str,
) -> None:
    """Name each configuration's files; with features, also its columns and row counts."""
    content: dict[str, Any] = {
        "configs": [
            {
                "config_name": config,
                "data_files": [
                    {"split": split, "path": path.format(config=config, split=split)}
                    for split in splits
                ],
            }
            for config, splits in configs.items()
        ]
    }
    if features:
        content["dataset_info"] = [
            {
                "config_name": config,
                "features": [_readme_feature(name, kind) for name, kind in features.items()],
                "splits": [_readme_split(split, rows) for split, rows in splits.items()],
            }
            for config, splits in configs.items()
        ]
    write_plain_readme(folder, content)


def write_plain_readme(folder: Path, content: Mapping[str, Any]) -> None:
    """A README whose YAML head is the content."""
    header = yaml.safe_dump(dict(content), sort_keys=False, allow_unicode=True)
    (folder / "README.md").write_text(f"---\n{header}---\n\nA stand-in.\n", encoding="utf-8")


def save_to_disk(rows: Rows, features: Features, folder: Path) -> None:
    """What ``Dataset.save_to_disk`` writes: one Arrow stream and two JSON files."""
    folder.mkdir(parents=True, exist_ok=True)
    table = as_table(rows, features)
    value = {"_type": "Value", "dtype": "string"}
    columns = {
        name: {"_type": "Sequence", "feature": value} if kind == "list" else value | {"dtype": kind}
        for name, kind in features.items()
    }
    info = {"info": {"features": columns}}
    table = table.replace_schema_metadata({"huggingface": json.dumps(info)})
    with pyarrow.ipc.new_stream(folder / "data-00000-of-00001.arrow", table.schema) as stream:
        stream.write_table(table)
    described = {"citation": "", "description": "", "features": columns, "license": ""}
    (folder / "dataset_info.json").write_text(json.dumps(described, indent=2))
    state = {
        "_data_files": [{"filename": "data-00000-of-00001.arrow"}],
        "_fingerprint": "0" * 16,
        "_format_columns": None,
        "_format_kwargs": {},
        "_format_type": None,
        "_output_all_columns": False,
        "_split": "test",
    }
    (folder / "state.json").write_text(json.dumps(state, indent=2))
