"""Does each stage's timer find a delay that was put into its stage, and into no other?

For every request both the stage timers and a witness (``witness.py``) tell what each stage took.
What only the timers saw of a stage (choosing a token, the marks themselves) is the same with a delay
as without, however busy the machine is, because both watch the same request. So

    excess = (timer - witness) of a delayed request - median of (timer - witness) without a delay

is the error of the delayed stage's timer, and what any other stage was wrongly booked.

A stage is clear once every single one of its delayed requests is within the tolerance, and is delayed
no more; what is not clear goes on, and its medians decide. So a quiet machine is soon done, and a busy
one has all its repeats.

What a runtime has to build is built before, and requests are sealed, as those of a record are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from ...meters.clock import StageClock, clock_for
from ...progress import progress
from ...session import Session, Trial
from ...stages import Stage
from ..stage_calls import answer_through
from .witness import Took, Witness, witness_for

# Delayed requests of a stage: no verdict on fewer, none goes on after the most.
FEWEST, REPEATS = 3, 7
# Seconds between two lines of a log.
TELL_SECONDS = 5.0
DELAY_MS = 10.0
# A timer may be off by this share of the delay, or by so many ms, whichever is more.
SHARE, LEAST_MS = 0.02, 0.2

MakeClock = Callable[[str, int], StageClock]
MakeWitness = Callable[[Stage | None, float], Witness]


@dataclass(frozen=True)
class StageCheck:
    """The verdict on one stage of one method; medians over repeats.

    Attributes:
        delay_ms: what the delays in the stage really took.
        recovered_ms: what the stage's timer showed of them.
        neighbour: the stage that was booked most of what is not its own, and how much.
        tolerance_ms: the most that error and neighbour may be.
        repeats: delayed requests that the verdict rests on.
    """

    method: str
    runtime: str
    stage: str
    delay_ms: float
    recovered_ms: float
    error_ms: float
    neighbour: str
    neighbour_ms: float
    tolerance_ms: float
    repeats: int

    @property
    def is_passed(self) -> bool:
        """Whether the delay was found where it was, and nowhere else."""
        return max(abs(self.error_ms), abs(self.neighbour_ms)) <= self.tolerance_ms

    def as_plain(self) -> dict[str, Any]:
        """For ``self_test.json``."""
        return {**asdict(self), "passed": self.is_passed}

    def as_line(self) -> str:
        """What is wrong, for a person."""
        who = f"{self.method} ({self.runtime})"
        if abs(self.error_ms) > self.tolerance_ms:
            return (
                f"{who}: the timer of {self.stage} shows {self.recovered_ms:.3f} ms of a "
                f"delay of {self.delay_ms:.3f} ms in it"
            )
        return (
            f"{who}: a delay of {self.delay_ms:.3f} ms in {self.stage} adds "
            f"{self.neighbour_ms:.3f} ms to {self.neighbour}"
        )


@dataclass(frozen=True)
class Seen:
    """One request, by stage: milliseconds that only the timer saw, and what the witness saw."""

    only_timer: dict[Stage, float]
    took: dict[Stage, Took]


def check_stages(
    session: Session,
    trials: Sequence[Trial],
    make_clock: MakeClock = clock_for,
    make_witness: MakeWitness | None = None,
    repeats: int = REPEATS,
) -> list[StageCheck]:
    """Delay every stage of every trial, repeatedly and in turn, and judge its timer.

    Args:
        trials: short, and at fixed length: every repeat must have the same stages.
        repeats: the most delayed requests of a stage.
    """
    make_witness = make_witness or witness_for(session.pair.device.type)

    def request(trial: Trial, delayed: Stage | None) -> Seen:
        witness = make_witness(delayed, DELAY_MS)
        clock = make_clock(session.pair.device.type, trial.task.most_marks())
        with session.running[trial.runtime].builder.sealed():
            answer_through(session, trial, clock, witness)
        reading, took = clock.read(), witness.read()
        # A timer that is swapped books to a stage that the request does not have.
        stages = set(took) | {stage for stage, _ in reading.marks}
        only_timer = {
            stage: (reading.total_ms(stage) or 0.0) - took.get(stage, Took()).total_ms
            for stage in stages
        }
        return Seen(only_timer, took)

    checks = []
    for trial in progress(
        trials, "self-test", 0, TELL_SECONDS, "method", lambda t: f"{t.method} ({t.runtime})"
    ):
        session.make_ready(trial)
        checks += _check_trial(trial, request, repeats)
    return checks


def _check_trial(
    trial: Trial, request: Callable[[Trial, Stage | None], Seen], repeats: int
) -> list[StageCheck]:
    """A verdict on each stage of a trial; stages in turn, as long as they are not clear."""
    stages = list(request(trial, None).took)  # also a warm-up
    without: list[Seen] = []
    with_delay: dict[Stage, list[Seen]] = {stage: [] for stage in stages}
    verdicts: dict[Stage, StageCheck] = {}
    for repeat in range(1, repeats + 1):
        unclear = [stage for stage in stages if stage not in verdicts]
        if not unclear:
            break
        without.append(request(trial, None))
        for stage in unclear:
            with_delay[stage].append(request(trial, stage))
        for stage in unclear:
            each = [_judge(trial, stage, [seen], without) for seen in with_delay[stage]]
            is_clear = repeat >= FEWEST and all(check.is_passed for check in each)
            if is_clear or repeat == repeats:
                verdicts[stage] = _judge(trial, stage, with_delay[stage], without)
    return [verdicts[stage] for stage in stages]


def _judge(
    trial: Trial, delayed: Stage, with_delay: Sequence[Seen], without: Sequence[Seen]
) -> StageCheck:
    stages = {stage for seen in [*with_delay, *without] for stage in seen.only_timer}
    excess = {
        stage: median(seen.only_timer.get(stage, 0.0) for seen in with_delay)
        - median(seen.only_timer.get(stage, 0.0) for seen in without)
        for stage in stages
    }
    delay_ms = median(seen.took[delayed].delay_ms for seen in with_delay)
    error_ms = excess.pop(delayed)
    neighbour = max(excess, key=lambda stage: abs(excess[stage]))
    return StageCheck(
        trial.method,
        trial.runtime,
        delayed.value,
        delay_ms,
        recovered_ms=delay_ms + error_ms,
        error_ms=error_ms,
        neighbour=neighbour.value,
        neighbour_ms=excess[neighbour],
        tolerance_ms=max(SHARE * delay_ms, LEAST_MS),
        repeats=len(with_delay),
    )
