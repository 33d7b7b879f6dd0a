"""Write docs/columns.md: every key of a record, and every column of the tables.

What they mean is said in workflow/schemas (record.schema.yaml, columns.yaml) and in stages.py.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "workflow" / "scripts"))

from c2c_timing.places import SCHEMAS
from c2c_timing.stages import Stage
from c2c_timing.whole_files import write_text_whole

DOCS = Path(__file__).resolve().parents[1]
PAGE = DOCS / "columns.md"
BEGINNING = """\
# What does each key and column mean?

<!-- Made by `make docs` from workflow/schemas and stages.py: edit those. -->

A record is one line of `results/timings/{pair}/{dataset}_{subject}_timing.jsonl`: one finished request.
`results/timings.parquet` has them all, a row each; what is nested there in `timing` is a column of its
key's name, what is in `model_config` a column that begins with `model_config.`. Times are milliseconds,
sizes bytes, lengths tokens. A stage that a method does not have is null (empty in tables), never 0.
How to ask these files: [with jq, pandas, DuckDB](ask-the-results.md).
"""


def page() -> str:
    """The whole page."""
    record, columns = (_read(name) for name in ("record.schema.yaml", "columns.yaml"))
    return "\n".join([BEGINNING, *_record(record), *_tables(columns)])


def timing_keys() -> list[str]:
    """Keys of a record's ``timing``."""
    schema = _read("record.schema.yaml")["properties"]["timing"]
    return [*(stage.key for stage in Stage), *schema["properties"]]


def _read(name: str) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((SCHEMAS / name).read_text(encoding="utf-8"))
    return content


def _record(schema: Mapping[str, Any]) -> Iterator[str]:
    keys = schema["properties"]
    timing, config = keys["timing"], keys["model_config"]
    yield "## Keys of a record\n"
    yield _table("key", _described(keys))
    yield f"### In `timing`\n\n{_sentence(timing['description'])}\n"
    stages = [(f"`{stage.key}`", f"{stage.meaning}; {stage.note}") for stage in Stage]
    yield _table("key", [*stages, *_described(timing["properties"])])
    yield "### In `model_config`\n"
    yield _table("key", _described(config["properties"]))


def _described(keys: Mapping[str, Any], within: str = "") -> Iterator[tuple[str, str]]:
    for name, schema in keys.items():
        yield f"`{within}{name}`", schema["description"]
        if "properties" in schema.get("items", ()):
            yield from _described(schema["items"]["properties"], f"{name}[].")


def _tables(columns: Mapping[str, Any]) -> Iterator[str]:
    yield "## Columns that several tables have\n"
    yield _table("column", _rows(columns["shared"]))
    yield "## Statistics\n\nThey follow the name of what was measured: `total_time_ms_p90`.\n"
    yield _table("ending", [(f"`_{name}`", text) for name, text in columns["statistics"].items()])
    for name, table in columns["tables"].items():
        yield f"## {name}\n\n{table['about']}\n"
        yield _table("column", _rows(table["columns"]))
        if "measures" in table:
            endings = ", ".join(f"`_{ending}`" for ending in table["statistics"])
            yield f"With the endings {endings}:\n"
            if table["measures"] == "timing":
                yield "times and counts [of `timing`](#in-timing).\n"
            else:
                yield _table("measure", _rows(table["measures"]))


def _rows(columns: Mapping[str, str]) -> list[tuple[str, str]]:
    return [(f"`{name}`", meaning) for name, meaning in columns.items()]


def _table(head: str, rows: Iterable[tuple[str, str]]) -> str:
    lines = [f"| {head} | meaning |", "| --- | --- |"]
    lines += [f"| {name} | {meaning.replace('|', '&#124;')} |" for name, meaning in rows]
    return "\n".join(lines) + "\n"


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


if __name__ == "__main__":
    write_text_whole(PAGE, page())
    print(PAGE.relative_to(DOCS.parent))
