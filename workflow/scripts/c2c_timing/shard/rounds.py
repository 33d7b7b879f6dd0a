"""All samples of a shard, round after round: more repeats until a look at the intervals is content."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from ..cards.dataset_card import DatasetCard
from ..data.sources import Row
from ..errors import UserError
from ..meters.machine import MachineLog
from ..progress import progress, say
from .journal import Journal
from .looks import look_at, look_words
from .sample_loop import SampleLoop, SampleResult

# Arms and runtimes that failed; None is all of them.
Failed = set[tuple[Any, Any]]


def time_rounds(
    samples: Sequence[tuple[DatasetCard, str, Row]],
    journal: Journal,
    loop: SampleLoop,
    watch: MachineLog,
) -> list[dict[str, Any]]:
    """Time what the journal lacks; return what was seen at each look, for ``_run.json``.

    A round that an earlier attempt finished is looked at again, and seen as it was.

    Raises:
        UserError: the device failed, or the disk.
    """
    settings = loop.session.settings
    looks, before = [], 0
    for number, repeats in enumerate(settings.looks):
        _time_round(samples, journal, loop, watch, number, range(before + 1, repeats + 1))
        if settings.target_interval is None:
            break
        look = look_at(journal, settings, number)
        looks.append(look)
        say(f"{journal.title}: {look_words(look)}")
        if look["stops"]:
            break
        before = repeats
    return looks


def _time_round(
    samples: Sequence[tuple[DatasetCard, str, Row]],
    journal: Journal,
    loop: SampleLoop,
    watch: MachineLog,
    number: int,
    repeats: range,
) -> None:
    first = number * len(samples)
    known = journal.finished
    todo = [(at, *s) for at, s in enumerate(samples) if first + at not in known]
    failed = _failures(journal) if number and todo else {}
    # Of all processes: those before this one are finished.
    others = loop.session.settings.processes - loop.process
    done = loop.process * len(samples) - len(todo)
    for at, card, subject, row in progress(
        todo, journal.title, done=done, further=others * len(samples)
    ):
        watch.read()
        if (None, None) in failed.get(at, ()):
            result = SampleResult()  # said once
        else:
            result = loop.time_row(card, subject, row, repeats, failed.get(at, ()))
        with loop.walls.book("writing"):
            journal.add(first + at, result)
        if result.device_failure:
            raise UserError(f"the device failed ({result.device_failure}); {journal.kept()}")
    watch.read()


def _failures(journal: Journal) -> dict[int, Failed]:
    """What failed in earlier rounds, by the sample's place."""
    failed: dict[int, Failed] = defaultdict(set)
    for sample in journal.samples():
        at = sample["sample"] % journal.num_samples
        failed[at] |= {(error["method"], error["runtime"]) for error in sample["errors"]}
    return failed
