"""Data set cards: what a data set is called, where it lies, and how its rows become prompts.

Read at planning time: imports nothing heavy.
"""

from __future__ import annotations

import difflib
import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import UserError
from ..places import DATASETS, SAMPLES
from .card_files import read_card
from .subject_names import EVERY_SUBJECT, ONLY_SUBJECT
from .templates import included_files, template_problem

SCHEMA = "dataset_card.schema.yaml"
# Of a data set's prompts, the share that is no longer than what its card says.
QUANTILES = {"min": 0.0, "median": 0.5, "p90": 0.9, "p99": 0.99, "max": 1.0}


@dataclass(frozen=True)
class Truncation:
    """Longest prompt before the chat template, in tokens; longer ones lose their middle."""

    strategy: str
    max_tokens: int


@dataclass(frozen=True)
class DatasetCard:
    """One data set, as its YAML card tells; field meanings stand in the card's schema."""

    name: str
    path: Path
    content: dict[str, Any]

    @property
    def hub(self) -> dict[str, Any]:
        """Where the data set lies on the Hub."""
        return self.content["hub"]

    @property
    def subjects(self) -> dict[str, dict[str, Any]]:
        """Subjects in the card's order, each with its own settings."""
        return self.content["subjects"]

    @property
    def groups(self) -> dict[str, list[str]]:
        """Names that select several subjects."""
        found: dict[str, list[str]] = {}
        for subject, spec in self.subjects.items():
            for group in spec.get("groups", ()):
                found.setdefault(group, []).append(subject)
        return found

    @property
    def truncation(self) -> Truncation | None:
        """How over-long prompts are cut; None where they are not."""
        spec = self.content.get("truncation")
        return Truncation(**spec) if spec else None

    def native_name(self, subject: str) -> str:
        """The subject as the data set itself writes it."""
        return self.subjects[subject].get("native", subject)

    def max_new_tokens_for(self, subject: str) -> int:
        """Longest answer, in tokens."""
        return self.subjects[subject].get("max_new_tokens", self.content["max_new_tokens"])

    def is_chat(self, subject: str) -> bool:
        """Whether the prompt is wrapped by the model's chat template."""
        return self.subjects[subject].get("chat", True)

    def prompt_for(self, subject: str) -> str | None:
        """The Jinja template of the user's message; None where rows are conversations."""
        return self.subjects[subject].get("prompt", self.content.get("prompt"))

    @property
    def question(self) -> str | None:
        """The Jinja template of the question alone; None where it cannot be told from its prompt."""
        return self.content.get("question")

    def answer_for(self, subject: str) -> dict[str, str]:
        """The column of the right answer, and the rule that judges by it (``data.answers``)."""
        return {**self.content["answer"], **self.subjects[subject].get("answer", {})}

    def prompt_tokens_for(self, subject: str) -> dict[str, int] | None:
        """Quantiles of its prompts' lengths; None where they are not known."""
        return self.subjects[subject].get("prompt_tokens", self.content.get("prompt_tokens"))

    def sample_file(self, subject: str) -> Path:
        """The built-in rows."""
        return SAMPLES / self.name / f"{subject}.jsonl"

    def files_for(self, subject: str) -> list[Path]:
        """Every file that determines this subject's prompts, but for the rows."""
        templates = filter(None, (self.prompt_for(subject), self.question))
        return [self.path, *sorted(set().union(*map(included_files, templates)))]

    def expand_subjects(self, names: Sequence[str] | str) -> list[str]:
        """Subjects and groups to subjects, in the card's order; ``all`` is every subject.

        Raises:
            UserError: a name is neither subject nor group.
        """
        wanted = [names] if isinstance(names, str) else list(names)
        vocabulary = {EVERY_SUBJECT: list(self.subjects)}
        vocabulary |= {_fold(group): members for group, members in self.groups.items()}
        vocabulary |= {_fold(self.native_name(s)): [s] for s in self.subjects}
        vocabulary |= {_fold(subject): [subject] for subject in self.subjects}
        chosen: set[str] = set()
        for name in wanted:
            if _fold(str(name)) not in vocabulary:
                raise UserError(self._unknown(str(name), vocabulary))
            chosen.update(vocabulary[_fold(str(name))])
        return [subject for subject in self.subjects if subject in chosen]

    def _unknown(self, name: str, vocabulary: dict[str, list[str]]) -> str:
        close = difflib.get_close_matches(_fold(name), vocabulary, n=1)
        hint = f"; did you mean {close[0]}?" if close else ""
        choices = ", ".join([*self.subjects, *self.groups])
        return f"unknown subject {name!r} of {self.name}{hint} (choices: all, {choices})"


def available_datasets() -> list[str]:
    """Names of all cards."""
    return sorted(path.stem for path in DATASETS.glob("*.yaml"))


def has_card(name: str) -> bool:
    """Whether a card is called so, or describes the data set of this Hub id."""
    names = available_datasets()
    return name in names or name.lower() in {load_dataset_card(n).hub["id"].lower() for n in names}


@functools.cache
def load_dataset_card(name: str) -> DatasetCard:
    """Read and check a card, by its name or by its data set's Hub id.

    Raises:
        UserError: no such card, or one that does not follow the schema.
    """
    names = available_datasets()
    if name not in names:
        by_hub_id = {load_dataset_card(n).hub["id"].lower(): n for n in names if "/" in name}
        if name.lower() in by_hub_id:
            return load_dataset_card(by_hub_id[name.lower()])
        close = difflib.get_close_matches(name, names, n=1)
        hint = f"; did you mean {close[0]}?" if close else ""
        raise UserError(f"unknown data set {name!r}{hint} (choices: {', '.join(names)})")
    return read_dataset_card(DATASETS / f"{name}.yaml")


def read_dataset_card(path: Path) -> DatasetCard:
    """Read and check the card of a file.

    Raises:
        UserError: not YAML, not a card, or one whose templates cannot be filled.
    """
    card = DatasetCard(path.stem, path, read_card(path, SCHEMA))
    for subject in card.subjects:
        if "conversation" not in card.content and card.prompt_for(subject) is None:
            raise UserError(f"{path}: subjects.{subject}: has no prompt, nor has the card")
    for name in (*card.subjects, *card.groups, *map(card.native_name, card.subjects)):
        if _fold(name) == EVERY_SUBJECT:
            raise UserError(
                f"{path}: subjects: {name!r} means every subject; the only one of a data set "
                f"without subjects is called {ONLY_SUBJECT}"
            )
    _check_templates(card)
    for subject in card.subjects:
        known = card.prompt_tokens_for(subject) or {}
        lengths = [known[name] for name in QUANTILES if name in known]
        if lengths != sorted(lengths):
            raise UserError(f"{path}: prompt_tokens of {subject}: must grow from min to max")
    return card


def _check_templates(card: DatasetCard) -> None:
    templates = {"prompt": card.content.get("prompt"), "question": card.question}
    templates |= {f"subjects.{s}.prompt": spec.get("prompt") for s, spec in card.subjects.items()}
    for where, template in templates.items():
        if template is not None:
            problem = template_problem(template, card.content.get("columns", {}))
            if problem:
                raise UserError(f"{card.path}: {where}: {problem}")


def prompt_file_card(path: Path) -> DatasetCard:
    """A card for a user's own file whose lines hold a ``prompt`` or a ``question``."""
    content = {
        "title": f"prompts of {path.name}",
        "hub": {"id": "none/none", "split": "none"},
        "subjects": {ONLY_SUBJECT: {}},
        "columns": {"prompt": "prompt", "question": "question"},
        "optional_columns": ["prompt", "question"],
        "id_column": "id",
        "prompt": "{{ prompt or question }}",
        "max_new_tokens": 64,
        "answer": {"column": "none", "rule": "none"},
    }
    return DatasetCard(path.stem, path, content)


def _fold(name: str) -> str:
    return name.lower().replace(" ", "_")
