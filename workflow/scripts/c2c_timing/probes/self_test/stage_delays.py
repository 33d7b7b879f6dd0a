"""Does each stage's timer find a delay that was put into its stage, and into no other?

For every request both the stage timers and a witness (``witness.py``) tell what each stage took.
What only the timers saw of a stage (choosing a token, the marks themselves) is the same with a delay
as without, however busy the machine is, because both watch the same request. So

    excess = (timer - witness) of a delayed request - median of (timer - witness) without a delay

is the error of the delayed stage's timer, and what any other stage was wrongly booked.

What a runtime has to build is built before, and requests are sealed, as those of a record are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from ...meters.clock import StageClock, clock_for
from ...session import Session, Trial
from ...stages import Stage
from ..stage_calls import answer_through
from .witness import Took, Witness, witness_for

REPEATS = 7
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
    """
    make_witness = make_witness or witness_for(session.pair.device.type)

    def unseen(trial: Trial, delayed: Stage | None) -> tuple[dict[Stage, float], dict[Stage, Took]]:
        """Milliseconds of each stage that only its timer saw, and what the witness saw."""
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
        return only_timer, took

    checks = []
    for trial in trials:
        session.make_ready(trial)
        _, warm_up = unseen(trial, None)
        turns: list[Stage | None] = [None, *warm_up]
        runs: dict[Stage | None, list] = {turn: [] for turn in turns}
        for _ in range(repeats):
            for turn in turns:
                runs[turn].append(unseen(trial, turn))
        checks += [_judge(trial, stage, runs[stage], runs[None]) for stage in warm_up]
    return checks


def _judge(trial: Trial, delayed: Stage, with_delay: list, without: list) -> StageCheck:
    stages = {stage for only_timer, _ in [*with_delay, *without] for stage in only_timer}
    excess = {
        stage: median(only_timer.get(stage, 0.0) for only_timer, _ in with_delay)
        - median(only_timer.get(stage, 0.0) for only_timer, _ in without)
        for stage in stages
    }
    delay_ms = median(took[delayed].delay_ms for _, took in with_delay)
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
    )
