"""What a report is made of: the records of one run, and the files that were made of them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from ...errors import UserError

Run = Mapping[str, Any]


@dataclass(frozen=True)
class Sources:
    """Records, tables, runs and figures of one run; what is None or empty is not told of.

    Attributes:
        timings: merged records, with the columns ``MEASURED``.
        errors: failed samples.
        summary, speedup, breakeven, ladder, bottlenecks, coldstart: the tables of the same names.
        margin: what verdicts took for the same; None where that is not known.
        pairs: the config's, in its order.
        coverage: which shards are there.
        runs: what shards wrote down (``runs.read_told``).
        self_test: what the clock's test wrote down.
        configs: names of the config's files.
        figures: SVG files of this run and of no other, in any order.
        files: where each of these lies, by its name here, as a person would name it.
    """

    timings: pd.DataFrame
    errors: pd.DataFrame
    summary: pd.DataFrame | None = None
    coverage: pd.DataFrame | None = None
    speedup: pd.DataFrame | None = None
    breakeven: pd.DataFrame | None = None
    ladder: pd.DataFrame | None = None
    bottlenecks: pd.DataFrame | None = None
    coldstart: pd.DataFrame | None = None
    margin: float | None = None
    pairs: Sequence[str] = ()
    runs: Sequence[Run] = ()
    self_test: Mapping[str, Any] | None = None
    configs: Sequence[str] = ()
    figures: Sequence[Path] = ()
    files: Mapping[str, str] = field(default_factory=dict)

    def file(self, name: str) -> str:
        """Where a source lies; where nobody said so, where the pipeline has it."""
        usual = {"timings": "results/timings.parquet", "device": "results/device.json"}
        return self.files.get(name, usual.get(name, f"results/{name}.tsv"))


def read_self_test(path: Path) -> dict[str, Any]:
    """What the clock's test wrote down.

    Raises:
        UserError: there is none.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{path}: is no self-test ({error}); make it with self_test.py") from None
    if not isinstance(found, dict) or "passed" not in found:
        raise UserError(f"{path}: is no self-test (it has no verdict); make it with self_test.py")
    return found
