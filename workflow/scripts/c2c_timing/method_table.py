"""The methods: one row a method. How a method runs stands in ``methods/{name}.py``.

A new method is one row here and one file there; commands, config, records, tables and figures know
it then. Never imports torch.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .stages import Stage

if TYPE_CHECKING:
    from .settings import RunSettings

# Wording of a request for background, beside the prompt that it may hold.
REQUEST_TOKENS = 128


def no_room(settings: RunSettings) -> int:
    """Of a method that reads the prompt and writes the answer, and no more."""
    return 0


@dataclass(frozen=True)
class MethodRow:
    """What all parts of the project know of a method.

    Attributes:
        name: in config, commands, records; and the name of its file in ``methods/``.
        title: as figures, tables and the report call it.
        colour: in every figure, and of no stage: red to pink is C2C, grey one model alone.
        models: which models it needs: ``base``, ``teacher`` (the first), ``teachers`` (all).
        answers: which of them writes the answer: ``base`` or ``teacher``.
        stages: those that its requests have.
        templates: files of ``datasets/prompts`` that it alone reads.
        settings: names of settings that it alone reads.
        room: tokens of the context windows that it needs beside prompt and answer. All methods of a
            sample get the same prompt, so that it is kept free for all.
    """

    name: str
    title: str
    colour: str
    models: tuple[str, ...]
    answers: str
    stages: tuple[Stage, ...]
    templates: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    room: Callable[[RunSettings], int] = no_room


_BASE = (Stage.BASE_EMBEDDING, Stage.BASE_PREFILL)
_TEACHER = (Stage.TEACHER_EMBEDDING, Stage.TEACHER_PREFILL)
_C2C = (*_BASE, *_TEACHER, Stage.PROJECTOR, Stage.DECODE)

METHODS = {
    row.name: row
    for row in (
        MethodRow("base", "base alone", "#3C3C3C", ("base",), "base", (*_BASE, Stage.DECODE)),
        MethodRow(
            "teacher",
            "teacher alone",
            "#8C8C8C",
            ("teacher",),
            "teacher",
            (*_TEACHER, Stage.DECODE),
        ),
        MethodRow(
            "t2t",
            "text-to-text",
            "#00BCD4",
            ("base", "teacher"),
            "base",
            (*_TEACHER, Stage.TEACHER_DECODE, Stage.HANDOVER, *_BASE, Stage.DECODE),
            templates=("background.jinja",),
            settings=("message_max_tokens",),
            room=lambda settings: 2 * settings.message_max_tokens + REQUEST_TOKENS,
        ),
        MethodRow("c2c", "C2C", "#C2185B", ("base", "teachers"), "base", _C2C),
        MethodRow("c2c_closed", "C2C, gates closed", "#F48FB1", ("base", "teachers"), "base", _C2C),
        MethodRow(
            "c2c_shuffled",
            "C2C, another sample's cache",
            "#6A0032",
            ("base", "teachers"),
            "base",
            _C2C,
        ),
    )
}
# What a single request and a comparison are about, where nothing else is said.
SUBJECT = "c2c"
# Ends the name of a method's second arm: the same code under another name, which tells how small a
# difference the instrument can tell.
AGAIN = "_again"


def again(method: str) -> str:
    """The name of a method's second arm."""
    return method + AGAIN


def is_again(arm: str) -> bool:
    """Whether a record's ``method`` names a second arm."""
    return arm.endswith(AGAIN)


def method_of(arm: str) -> str:
    """The method whose code an arm runs; a method is its own first arm."""
    return arm.removesuffix(AGAIN)


def row_of(arm: str) -> MethodRow:
    """The method's row."""
    return METHODS[method_of(arm)]
