"""The files of a shard: records, errors, run; and the journal that they are made of at the end."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import UserError
from ..shard_names import (
    TIMING_END,
    Chunk,
    errors_file,
    errors_file_beside,
    journal_file,
    process_file,
    processes_lock,
    run_file,
    timing_name,
)
from ..whole_files import partial_of, written_whole
from .journal import Journal, json_line
from .line_file import refuse_if_locked, sync_folder


@dataclass(frozen=True)
class ShardFiles:
    """Three outputs, which appear only when they are complete, and the journal that they are made of."""

    timing: Path
    errors: Path
    run: Path
    journal: Path

    @classmethod
    def of_shard(
        cls, folder: Path, dataset: str, subject: str, chunk: Chunk | None = None
    ) -> ShardFiles:
        """Named as the contract says."""
        return cls.beside(folder / timing_name(dataset, subject, chunk))

    @classmethod
    def beside(cls, output: Path) -> ShardFiles:
        """Records in a file of any name; the others follow from it.

        Raises:
            UserError: the name is a folder's.
        """
        if not output.name or output.is_dir():
            raise UserError(f"{output}: is a folder; name a file for the records (--output)")
        return cls(output, errors_file(output), run_file(output), journal_file(output))

    def of_process(self, process: int) -> ShardFiles:
        """Those of one of several processes, which are put together in the end."""
        names = ("records", "errors", "run", "journal")
        return ShardFiles(*(process_file(self.timing, process, name) for name in names))

    def finished(self, fingerprint: dict[str, str]) -> dict[str, Any] | None:
        """What the run of these files wrote down, if it was this very one; else None."""
        try:
            run = json.loads(self.run.read_bytes())
        except (OSError, ValueError):
            return None
        is_this = isinstance(run, dict) and run.get("fingerprint") == fingerprint
        return run if is_this and self.timing.is_file() else None

    def refuse_if_taken(self) -> None:
        """Raise a ``UserError`` where another process is timing this shard."""
        refuse_if_locked(self.journal)
        refuse_if_locked(processes_lock(self.timing))

    def publish(self, journal: Journal, run: dict[str, Any]) -> None:
        """Make the outputs of a complete journal, and remove it; the records come last.

        Raises:
            UserError: the disk is full or broken; the journal is kept.
        """
        records = (json_line(r) for sample in journal.samples() for r in sample["records"])
        errors = (json_line(e) for sample in journal.samples() for e in sample["errors"])
        self.write(records, errors, run, journal.kept())
        journal.remove()

    def write(
        self, records: Iterable[bytes], errors: Iterable[bytes], run: dict[str, Any], kept: str
    ) -> None:
        """Write the outputs from lines; the records come last.

        Raises:
            UserError: the disk is full or broken; ``kept`` says what is there.
        """
        contents: dict[Path, Iterable[bytes]] = {
            self.timing: records,
            self.run: [json_line(run, indent=1)],
            self.errors: errors,
        }
        try:
            with contextlib.ExitStack() as whole:  # the first to be entered is the last to appear
                for path, lines in contents.items():
                    _write(whole.enter_context(written_whole(path)), lines)
            for folder in {path.parent for path in contents}:
                sync_folder(folder)
        except OSError as error:
            raise UserError(
                f"{self.timing.parent}: cannot be written ({error.strerror}); {kept}"
            ) from None
        self._drop_earlier_layout()

    def give_up(self, journal: Journal) -> Path:
        """No record was made: leave the errors, unfinished, drop what an earlier run left; say where.

        The next attempt tries every sample again.
        """
        self.timing.unlink(missing_ok=True)
        self.run.unlink(missing_ok=True)
        errors = partial_of(self.errors)
        errors.parent.mkdir(parents=True, exist_ok=True)
        _write(errors, (json_line(e) for sample in journal.samples() for e in sample["errors"]))
        journal.remove()
        self._drop_earlier_layout()
        return errors

    def _drop_earlier_layout(self) -> None:
        """Errors that an earlier version left among the records."""
        if self.timing.name.endswith(TIMING_END):
            errors_file_beside(self.timing).unlink(missing_ok=True)


def _write(path: Path, lines: Iterable[bytes]) -> None:
    """Write a whole file, and wait until it is on the disk."""
    with path.open("wb") as file:
        file.writelines(lines)
        file.flush()
        os.fsync(file.fileno())
