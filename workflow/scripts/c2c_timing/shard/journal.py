"""The journal of a shard: its finished samples, line by line; a later attempt goes on after them.

The first line is a header with the fingerprint; then come, in the order they happened, a line for
each attempt and a line for each finished sample. A sample's records and errors stand in one line: it
is there as a whole or not at all.
"""

from __future__ import annotations

import datetime
import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from ..errors import UserError
from ..interrupts import hold_signals
from ..progress import say
from .line_file import LineFile, Span

if TYPE_CHECKING:
    from .sample_loop import SampleResult

FORMAT = 1


class Journal:
    """An open journal, under an exclusive lock.

    Attributes:
        attempt: number of this attempt, from 1.
        num_taken_over: samples that earlier attempts finished.
    """

    def __init__(
        self,
        path: Path,
        fingerprint: dict[str, str],
        title: str,
        num_samples: int,
        rounds: int = 1,
    ) -> None:
        """``rounds``: how often each sample may come, each time with other repeats."""
        self.path, self.title, self.num_samples, self._rounds = path, title, num_samples, rounds
        self._header: dict[str, Any] = {"journal": FORMAT, "fingerprint": fingerprint}
        self._spans: dict[int, Span] = {}
        self._attempts: list[dict[str, Any]] = []

    def __enter__(self) -> Journal:
        """Lock, drop a torn last line, take over what the same run finished, begin an attempt.

        Raises:
            UserError: another process works on this shard, or the file cannot be written.
        """
        self._file = LineFile(self.path)
        try:
            self._take_over()
            self._begin_attempt()
        except BaseException:
            self._file.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._file.close()

    @property
    def finished(self) -> set[int]:
        """Places of the finished samples, from 0 in the shard's order; another round goes on counting."""
        return set(self._spans)

    def add(self, place: int, result: SampleResult) -> None:
        """Write a finished sample, and wait until it is on the disk.

        Raises:
            UserError: the disk is full or broken; what was written before is kept.
        """
        line = {
            "sample": place,
            "attempt": self.attempt,
            "cold_requests": result.cold_timings,
            "records": result.records,
            "errors": result.errors,
        }
        with hold_signals():  # what is written is counted
            self._spans[place] = self._append(line)

    def samples(self) -> Iterator[dict[str, Any]]:
        """The lines of all finished samples, in the shard's order."""
        for place in sorted(self._spans):
            yield json.loads(self._file.read(self._spans[place]))

    def attempts(self) -> list[dict[str, Any]]:
        """Every attempt: when and where it began, the samples it finished, its cold requests."""
        found = {
            each["attempt"]: {**each, "samples": 0, "cold_requests_by_runtime": {}}
            for each in self._attempts
        }
        for sample in self.samples():
            attempt = found[sample["attempt"]]
            attempt["samples"] += 1
            cold = attempt["cold_requests_by_runtime"]
            for runtime, timings in sample["cold_requests"].items():
                cold[runtime] = cold.get(runtime, {}) | timings
        return list(found.values())

    def kept(self) -> str:
        """What is on the disk, and how to go on: for a message."""
        return (
            f"{self.title}: {len(self._spans)} of {self._most()} samples are kept in "
            f"{self.path}; the same command goes on from there"
        )

    def _most(self) -> str:
        if self._rounds == 1:
            return str(self.num_samples)
        return f"at most {self.num_samples * self._rounds} rounds of"

    def remove(self) -> None:
        """Its samples stand in the outputs now."""
        _aside(self.path).unlink(missing_ok=True)
        self._file.remove()

    def _take_over(self) -> None:
        lines = self._file.whole_lines()
        _, first = next(lines, (None, b""))
        header = _parse(first)
        if header == self._header:
            for span, line in lines:
                self._take_over_line(span, _parse(line))
            return
        lines.close()
        if first:
            self._start_anew(header.get("fingerprint"))
        self._append(self._header)

    def _take_over_line(self, span: Span, line: dict[str, Any]) -> None:
        """An attempt or a sample; what is neither has been damaged, and its sample runs again."""
        place, attempt = line.get("sample"), line.get("attempt")
        if isinstance(attempt, int) and "started_at" in line:
            self._attempts.append(line)
        elif (
            isinstance(place, int)
            and 0 <= place < self.num_samples * self._rounds
            and attempt in {each["attempt"] for each in self._attempts}
            and {"records", "errors", "cold_requests"} <= line.keys()
        ):
            self._spans.setdefault(place, span)

    def _start_anew(self, fingerprint: Any) -> None:
        aside, wanted = _aside(self.path), self._header["fingerprint"]
        try:
            self._file.empty(copy=aside)
        except OSError as error:
            raise UserError(f"{aside}: cannot be written ({error.strerror})") from None
        old = fingerprint if isinstance(fingerprint, dict) else {}
        differs = ", ".join(topic for topic in wanted if old.get(topic) != wanted[topic])
        say(
            f"{self.title}: {self.path} is of another run (other {differs}): starting anew; "
            f"until the end it is kept as {aside.name}"
        )

    def _begin_attempt(self) -> None:
        self.num_taken_over = len(self._spans)
        self.attempt = 1 + max((each["attempt"] for each in self._attempts), default=0)
        who = {"host": socket.gethostname(), "process": os.getpid()}
        line = {"attempt": self.attempt, "started_at": now(), **who}
        self._append(line)
        self._attempts.append(line)
        if self.attempt > 1:
            say(
                f"{self.title}: attempt {self.attempt} takes over {self.num_taken_over} of "
                f"{self._most()} samples from {self.path}"
            )

    def _append(self, value: dict[str, Any]) -> Span:
        try:
            return self._file.append(json_line(value))
        except OSError as error:
            raise UserError(
                f"{self.path}: cannot be written ({error.strerror}); {self.kept()}"
            ) from None


def json_line(value: dict[str, Any], indent: int | None = None) -> bytes:
    """A value as JSON with a line's end."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, indent=indent) + "\n"
    # Half a surrogate pair has no UTF-8; escaped, it is the same JSON string.
    return text.encode("utf-8", "backslashreplace")


def now() -> str:
    """This moment, for people."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


def _aside(path: Path) -> Path:
    return path.with_name(path.name + ".old")


def _parse(line: bytes) -> dict[str, Any]:
    """A line's object; an empty one where there is none."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
