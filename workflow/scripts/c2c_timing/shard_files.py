"""The three files of a shard: records, errors, run. Records appear only when they are complete."""

from __future__ import annotations

import json
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from .errors import UserError


class ShardFiles:
    """Writes beside the final names, line by line, and renames at the end.

    What was finished before a crash stays in ``*_timing.jsonl.partial``.
    """

    def __init__(self, timing: Path, errors: Path, run: Path) -> None:
        self.timing, self.errors, self.run = timing, errors, run
        self.num_records = self.num_errors = 0

    @classmethod
    def of_shard(cls, folder: Path, dataset: str, subject: str) -> ShardFiles:
        """Named as the contract says."""
        names = ("timing.jsonl", "errors.jsonl", "run.json")
        return cls(*(folder / f"{dataset}_{subject}_{name}" for name in names))

    @classmethod
    def beside(cls, output: Path) -> ShardFiles:
        """Records in a file of any name, errors and run beside it."""
        if not output.name or output.is_dir():
            raise UserError(f"{output}: is a folder; name a file for the records (--output)")
        stem = output.stem.removesuffix("_timing")
        errors, run = (output.with_name(f"{stem}_{end}") for end in ("errors.jsonl", "run.json"))
        return cls(output, errors, run)

    def __enter__(self) -> ShardFiles:
        try:
            self.timing.parent.mkdir(parents=True, exist_ok=True)
            self._timing_file = _partial(self.timing).open("w", encoding="utf-8")
            self._errors_file = _partial(self.errors).open("w", encoding="utf-8")
        except OSError as error:
            raise UserError(f"{self.timing.parent}: cannot be written ({error.strerror})") from None
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._timing_file.close()
        self._errors_file.close()

    def add_record(self, record: dict) -> None:
        """Append one finished request."""
        _append(self._timing_file, record)
        self.num_records += 1

    def add_error(self, error: dict) -> None:
        """Append one failed sample."""
        _append(self._errors_file, error)
        self.num_errors += 1

    def give_up(self) -> Path:
        """No record was made: leave the errors beside, drop what an earlier run left; say where."""
        self.timing.unlink(missing_ok=True)
        self.run.unlink(missing_ok=True)
        _partial(self.timing).unlink(missing_ok=True)
        return _partial(self.errors)

    def finish(self, run: dict[str, Any]) -> None:
        """Give all files their names; the records come last."""
        self._timing_file.close()
        self._errors_file.close()
        _partial(self.errors).replace(self.errors)
        partial = _partial(self.run)
        partial.write_text(json.dumps(run, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        partial.replace(self.run)
        _partial(self.timing).replace(self.timing)


def _partial(path: Path) -> Path:
    return path.with_name(path.name + ".partial")


def _append(file: IO[str], value: dict) -> None:
    file.write(json.dumps(value, ensure_ascii=False, allow_nan=False) + "\n")
    file.flush()
