"""Do the runtimes agree with eager: equal tokens and logits of the first step, over many prompts.

In float32 tests hold every runtime to the parity tolerance. In bfloat16 other kernels round otherwise:
this tells how often another token comes of it, and how far the logits lie apart.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow" / "scripts"))

from runtimes import row_of, runtimes_of

from c2c_timing.cards.dataset_card import prompt_file_card
from c2c_timing.cards.subject_names import ONLY_SUBJECT
from c2c_timing.cli import add_one_request_arguments, positive, settings_from
from c2c_timing.data.sources import SourceSpec
from c2c_timing.data.synthetic import SYNTHETIC
from c2c_timing.engine.decoding import Choose, Decoding, greedy
from c2c_timing.errors import UserError
from c2c_timing.exits import exits_cleanly
from c2c_timing.flags import Formatter
from c2c_timing.places import user_path
from c2c_timing.progress import progress
from c2c_timing.runtime_table import REFERENCE

if TYPE_CHECKING:
    import torch

    from c2c_timing.methods.task import Task
    from c2c_timing.session import Session

EXAMPLES = """examples:
  python benchmarks/agreement.py --prompts 20
  python benchmarks/agreement.py --pair qwen3-0.6b_qwen3-4b-base --weights dummy --device cuda \\
      --dtype bfloat16
"""


@dataclass(frozen=True)
class Overheard(Decoding):
    """Greedy, and keeps the logits that each choice was made from."""

    logits: list[torch.Tensor] = field(default_factory=list, compare=False)

    def chooser(self, device: Any) -> Choose:
        """Listens in on ``greedy``."""

        def choose(logits: torch.Tensor) -> torch.Tensor:
            self.logits.append(logits[0].double().cpu())
            return greedy(logits)

        return choose


def parser() -> argparse.ArgumentParser:
    """The command's flags."""
    flags = argparse.ArgumentParser(description=__doc__, epilog=EXAMPLES, formatter_class=Formatter)
    flags.add_argument("--prompts", type=positive, default=100)
    flags.add_argument("--shortest", type=positive, default=40, help="tokens of a prompt")
    flags.add_argument("--longest", type=positive, default=600, help="tokens of a prompt")
    flags.add_argument("--output", type=user_path, help="a row a prompt and runtime, as TSV")
    add_one_request_arguments(flags, max_new_tokens=16)
    flags.set_defaults(runtimes=None, methods=["c2c"], length_views=["fixed"])
    return flags


@exits_cleanly
def main(argv: list[str] | None = None) -> int:
    """Run the command: a line a runtime and method."""
    arguments = parser().parse_args(argv)
    arguments.runtimes = arguments.runtimes or runtimes_of(arguments.device)
    settings = settings_from(arguments, SourceSpec(SYNTHETIC))

    import pandas as pd

    from c2c_timing.keeper import open_session
    from c2c_timing.meters.wall_times import WallTimes

    session = open_session(settings, WallTimes())
    draw = random.Random(settings.seed)
    span = (arguments.shortest, max(arguments.shortest, arguments.longest))
    lengths = [draw.randint(*span) for _ in range(arguments.prompts)]
    table = pd.DataFrame(compare(session, lengths))
    if arguments.output:
        table.to_csv(arguments.output, sep="\t", index=False, float_format="%.5g")
    print(summary(table).to_string(float_format=lambda value: f"{value:.3g}"))
    return 0


def compare(session: Session, lengths: list[int]) -> Iterator[dict[str, Any]]:
    """A row a prompt, method and runtime: first token and all tokens equal, logits apart."""
    for number, tokens in enumerate(progress(lengths, "prompts", unit="prompt", every_seconds=5)):
        for method, task in tasks_of(session, tokens, f"prompt-{number}").items():
            wanted_ids, wanted = answer(session, method, REFERENCE, task)
            for runtime in session.running:
                if runtime != REFERENCE:
                    ids, logits = answer(session, method, runtime, task)
                    yield {
                        "runtime": runtime, "method": method, "prompt_tokens": tokens,
                        "is_first_equal": ids[0] == wanted_ids[0], "are_all_equal": ids == wanted_ids,
                        "logits_apart": float((logits - wanted).norm() / wanted.norm()),
                    }  # fmt: skip


def tasks_of(session: Session, tokens: int, name: str) -> dict[str, Task]:
    """A written prompt of so many tokens, made ready for every method."""
    card = prompt_file_card(Path(f"{name}.jsonl"))
    tasks, troubles = session.preparation.tasks_of_row(
        card, ONLY_SUBJECT, row_of(session, card, tokens, name)
    )
    for method, trouble in troubles.items():
        raise UserError(f"{name}, {method}: {trouble}")
    return tasks


def answer(
    session: Session, method: str, runtime: str, task: Task
) -> tuple[list[int], torch.Tensor]:
    """The answer's ids, and the logits (vocabulary,) of its first step."""
    from c2c_timing.meters.clock import NullClock
    from c2c_timing.session import Trial

    ids = session.answer(Trial(method, runtime, task), NullClock()).ids
    heard = Overheard(max_new_tokens=1, ignore_eos=True)
    listening = replace(task, request=replace(task.request, decoding=heard))
    session.answer(Trial(method, runtime, listening), NullClock())
    return ids, heard.logits[-1]


def summary(table: Any) -> Any:
    """A row a runtime and method."""
    groups = table.groupby(["runtime", "method"], sort=False)
    apart = groups["logits_apart"]
    return groups[["is_first_equal", "are_all_equal"]].sum().assign(
        prompts=groups.size(), logits_apart_median=apart.median(), logits_apart_most=apart.max()
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
